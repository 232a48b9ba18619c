// A player of interactive recordings: what hls.js makes of the film and of its timed metadata is kept for Python.

const video = document.querySelector("video");
const WIDTH = 160;
const HEIGHT = 90;

window.player = {
  /** Runs a player that is given as text, with `video`, `url` and `onMessage`, to the end; returns the messages. */
  async run(text, url, rate) {
    const messages = [];
    const errors = [];
    const onMessage = (payload, start_s) => messages.push({ payload, start_s, at_s: video.currentTime });
    const start = new Function("Hls", "video", "url", "onMessage", `${text}; return hls;`);
    const hls = start(Hls, video, url, onMessage);
    hls.on(Hls.Events.ERROR, (_, { details }) => errors.push(details));
    await new Promise((resolve) => video.addEventListener("canplay", resolve, { once: true }));
    const ended = new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
    video.playbackRate = rate;
    await video.play();
    await ended;
    hls.destroy();
    return { messages, errors };
  },
  /** Plays from `start_s` to the end at `rate` times the speed. */
  async play(url, { start_s = 0, rate = 1 } = {}) {
    const hls = new Hls({ startPosition: start_s, maxBufferLength: 120 });
    const errors = [];
    const shown = [];
    const frames = [];
    hls.on(Hls.Events.ERROR, (_, { type, details, fatal }) => errors.push({ type, details, fatal }));
    keepFirstCues(hls);
    // As RealtimeKit's guide has it: the track is there once a piece is played.
    hls.on(Hls.Events.FRAG_CHANGED, () => {
      const track = metadataTrack();
      if (track && !track.oncuechange) {
        track.oncuechange = () => {
          for (const cue of track.activeCues) {
            shown.push({ at_s: video.currentTime, start_s: cue.startTime, data: cue.value.data });
          }
        };
        // Those of the first instant are active already.
        track.oncuechange();
      }
    });
    watch(frames);
    const ended = new Promise((resolve, reject) => {
      video.addEventListener("ended", resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
      hls.on(Hls.Events.ERROR, (_, { details, fatal }) => fatal && reject(new Error(details)));
    });
    const ready = new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve));
    hls.attachMedia(video);
    hls.loadSource(url);
    await ready;
    video.playbackRate = rate;
    await video.play();
    await ended;
    const buffered = Array.from({ length: video.buffered.length }, (_, at) => [
      video.buffered.start(at),
      video.buffered.end(at),
    ]);
    const { durations, targetduration, live } = levelOf(hls);
    const result = {
      version: Hls.version,
      duration_s: video.duration,
      end_s: video.currentTime,
      buffered,
      errors,
      frames,
      shown,
      piece_durations_s: durations,
      target_duration_s: targetduration,
      live,
      cues: cues(),
    };
    hls.destroy();
    return result;
  },
};

/**
 * hls.js 1.7 makes its metadata track of an element whose (empty) source is loaded later, and then browsers remove the
 * cues that were added before: those of the piece that is played first.
 */
function keepFirstCues(hls) {
  hls.on(Hls.Events.FRAG_PARSING_METADATA, () => {
    const element = video.querySelector("track[kind=metadata]");
    if (!element || element.readyState >= HTMLTrackElement.LOADED) return;
    const cues = Array.from(element.track.cues);
    element.addEventListener("load", () => cues.forEach((cue) => element.track.addCue(cue)), { once: true });
  });
}

function metadataTrack() {
  const track = Array.from(video.textTracks).find((each) => each.kind === "metadata");
  if (track) track.mode = "showing";
  return track;
}

function cues() {
  return Array.from(metadataTrack()?.cues ?? [], (cue) => ({
    start_s: cue.startTime,
    end_s: cue.endTime === Infinity ? null : cue.endTime,
    key: cue.value.key,
    info: cue.value.info,
    data: cue.value.data,
  }));
}

function levelOf(hls) {
  const { details } = hls.levels[0];
  return {
    durations: details.fragments.map((fragment) => fragment.duration),
    targetduration: details.targetduration,
    live: details.live,
  };
}

/** Notes of each picture that is shown its time, how bright it is and its ten bars; see tests/publish/segments.py. */
function watch(frames) {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const look = () => {
    // The element may go on to its next picture between the callback and the drawing; a frame keeps its own time.
    const frame = new VideoFrame(video);
    const time_s = frame.timestamp / 1e6;
    context.drawImage(frame, 0, 0, WIDTH, HEIGHT);
    frame.close();
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += data[at + 1];
    const bars = Array.from({ length: 10 }, (_, bit) => data[4 * (45 * WIDTH + bit * 16 + 6)]);
    frames.push({ time_s, bright: sum / (WIDTH * HEIGHT), bars });
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}
