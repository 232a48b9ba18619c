// The tone of a participant: silence with beeps at the instants of its signal, in step with the wall clock.

import { wallMs } from "./picture.js";

const AMPLITUDE = 0.3;
const EDGE_S = 0.002;
const AHEAD_S = 0.5; // beeps are scheduled so long before they sound: the audio clock drifts against the wall clock
const POLL_MS = 100;

export class Voice {
  constructor(person, clock) {
    this.person = person;
    this.clock = clock;
    this.context = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    this.gain = new GainNode(this.context, { gain: 0 });
    this.output = new MediaStreamAudioDestinationNode(this.context, { channelCount: 1 });
    this.tone = new OscillatorNode(this.context, { frequency: person.tone_hz });
    this.tone.connect(this.gain).connect(this.output);
    this.tone.start();
    this.scheduled = -Infinity;
    this.timer = setInterval(() => this.#schedule(), POLL_MS);
  }

  /** A new microphone track. */
  track() {
    return this.output.stream.getAudioTracks()[0].clone();
  }

  async close() {
    clearInterval(this.timer);
    await this.context.close();
  }

  #schedule() {
    const { instants_s: instants, length_s: length } = this.person.signal;
    const now = (wallMs() - this.clock.zero_ms) / 1000;
    const loop = Math.floor(now / this.clock.loop_s);
    for (const turn of [loop, loop + 1]) {
      for (const instant of instants) {
        const time = turn * this.clock.loop_s + instant;
        if (time <= this.scheduled || time < now || time > now + AHEAD_S) continue;
        this.scheduled = time;
        const start = this.context.currentTime + time - now;
        this.gain.gain.setValueAtTime(0, start);
        this.gain.gain.linearRampToValueAtTime(AMPLITUDE, start + EDGE_S);
        this.gain.gain.setValueAtTime(AMPLITUDE, start + length - EDGE_S);
        this.gain.gain.linearRampToValueAtTime(0, start + length);
      }
    }
  }
}
