// The moving picture of a participant, as testbed/picture.py describes it, with a name and ornaments for people.

const COUNTER_BITS = 10;
const BLOCK = 0.1; // counter block, in picture heights
const COUNTER_TOP = 0.1;
const MOVER_TOP = 0.45;
const MOVER_BOTTOM = 0.65;
const MOVER_WIDTH = 0.12; // in picture widths
const SWEEP_FRAMES = 96;
const NAME_BASELINE = 0.42; // between the counter and the wandering block
const POLL_MS = 4; // how finely the wall clock is watched for the next frame

const css = ([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`;
const tint = (colour) => css(colour.map((part) => Math.round((part + 510) / 3)));
const shade = (colour) => css(colour.map((part) => Math.round(part * 0.82)));

/** Milliseconds since the epoch, finer than Date.now(). */
export const wallMs = () => performance.timeOrigin + performance.now();

/**
 * Draws a picture on a canvas of its own in step with the wall clock.
 *
 * `person` is {name, colour, signal: {instants_s, length_s}}, `clock` {zero_ms, loop_s, fps}; `shape` is {width, height,
 * rate, corners}: frames per second that are drawn, and the corners of the turning ornament.
 */
export class Picture {
  constructor(person, clock, shape, { flashes = true } = {}) {
    this.person = person;
    this.clock = clock;
    this.shape = shape;
    this.flashes = flashes;
    this.canvas = Object.assign(document.createElement("canvas"), { width: shape.width, height: shape.height });
    document.body.append(this.canvas);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.step = clock.fps / shape.rate;
    this.drawn = -1;
    this.tracks = new Set();
    this.timer = setInterval(() => this.#draw(), POLL_MS);
  }

  /** A new camera track of the picture: each drawn frame is captured once, when it is drawn. */
  track() {
    const track = this.canvas.captureStream(0).getVideoTracks()[0];
    this.tracks.add(track);
    return track;
  }

  close() {
    clearInterval(this.timer);
    this.canvas.remove();
  }

  #draw() {
    const elapsed = (wallMs() - this.clock.zero_ms) / 1000;
    const shown = Math.floor(elapsed * this.shape.rate);
    if (elapsed < 0 || shown === this.drawn) return;
    this.drawn = shown;
    const frame = Math.floor(shown * this.step + 1e-6) % (this.clock.loop_s * this.clock.fps);
    const flash = this.flashes && this.#isFlash(frame / this.clock.fps);
    const { width, height } = this.shape;
    this.context.fillStyle = flash ? "#fff" : css(this.person.colour);
    this.context.fillRect(0, 0, width, height);
    if (!flash) this.#drawMotif(frame);
    this.#drawCounter(frame);
    for (const track of this.tracks) {
      if (track.readyState === "live") track.requestFrame();
      else this.tracks.delete(track);
    }
  }

  #isFlash(time) {
    const { instants_s: instants, length_s: length } = this.person.signal;
    return instants.some((instant) => instant - 1e-6 <= time && time < instant + length - 1e-6);
  }

  #drawMotif(frame) {
    const { width, height, corners } = this.shape;
    const context = this.context;
    const side = (width - height) / 2;
    this.#drawPolygon(side * 0.5, height * 0.5, side * 0.3, corners, frame / 40);
    this.#drawPolygon(width - side * 0.5, height * 0.5, side * 0.3, corners, -frame / 25);
    const sweep = frame % (2 * SWEEP_FRAMES);
    const way = sweep < SWEEP_FRAMES ? sweep : 2 * SWEEP_FRAMES - sweep;
    context.fillStyle = tint(this.person.colour);
    context.fillRect(
      (way / SWEEP_FRAMES) * (1 - MOVER_WIDTH) * width,
      MOVER_TOP * height,
      MOVER_WIDTH * width,
      (MOVER_BOTTOM - MOVER_TOP) * height,
    );
    context.fillStyle = "#fff";
    context.textAlign = "center";
    context.font = `${Math.round(height * 0.1)}px sans-serif`;
    context.fillText(this.person.name, width / 2, NAME_BASELINE * height);
  }

  #drawPolygon(x, y, radius, corners, angle) {
    const context = this.context;
    context.beginPath();
    for (let corner = 0; corner < corners; corner++) {
      const turn = angle + (corner / corners) * 2 * Math.PI;
      context.lineTo(x + radius * Math.cos(turn), y + radius * Math.sin(turn));
    }
    context.closePath();
    context.fillStyle = shade(this.person.colour);
    context.fill();
  }

  #drawCounter(frame) {
    const { width, height } = this.shape;
    const block = Math.round(BLOCK * height);
    const left = Math.floor((width - COUNTER_BITS * block) / 2);
    const top = Math.round(COUNTER_TOP * height);
    for (let column = 0; column < COUNTER_BITS; column++) {
      const bit = (frame >> (COUNTER_BITS - 1 - column)) & 1;
      for (const row of [0, 1]) {
        this.context.fillStyle = bit === (row ? 0 : 1) ? "#fff" : "#000";
        this.context.fillRect(left + column * block, top + row * block, block, block);
      }
    }
  }
}
