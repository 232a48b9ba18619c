"""How each sound codec counts: what joining its packets needs to know."""

from dataclasses import dataclass

from reelkit.render.config import AudioCodec


@dataclass(frozen=True, slots=True)
class SoundCodec:
    """A codec as it lies in segments. Packet ``n`` of a film, counted from 0, gives a decoder the samples ``n *
    frame_samples - priming_samples`` … of film time; those before 0 are not to be played."""

    encoder: str
    """FFmpeg's name."""
    sample_format: str
    """What the encoder takes."""
    frame_samples: int
    """Samples of one packet; 0 if they vary."""
    priming_samples: int
    """What the decoder gives before the film's first sample."""


SOUND_CODECS: dict[AudioCodec, SoundCodec] = {
    "AAC": SoundCodec("aac", "fltp", 1_024, 1_024),
    # LAME gives 576 samples to its own delay, a decoder's filters take 529.
    "MP3": SoundCodec("libmp3lame", "fltp", 1_152, 1_105),
    # Where the blocks of Vorbis begin depends on all the sound before, so that packets of encoders that begin anew do
    # not fit together. Segments hold the sound without loss; one encoder for all of it makes the Vorbis.
    "VORBIS": SoundCodec("flac", "s16", 0, 0),
}
"""By what is delivered."""
