// What Python steers: one participant who joins with the official SDK and sends a picture and a tone of its own.

import { Picture } from "./picture.js";
import { Voice } from "./voice.js";

let meeting;
let camera;
let voice;
let screen;
const events = [];
const note = (what, detail = null) => events.push({ at_ms: performance.timeOrigin + performance.now(), what, detail });

window.testbed = {
  /** The SDK's meeting, for what is not worth a function here. */
  get meeting() {
    return meeting;
  },
  /** Joins. `setup` is {token, base_uri, person, clock, camera, screen}; see picture.js. */
  async join(setup) {
    camera = new Picture(setup.person, setup.clock, setup.camera);
    voice = new Voice(setup.person, setup.clock);
    // The SDK shares what the browser lets people choose; here there is one thing to choose.
    navigator.mediaDevices.getDisplayMedia = async () => {
      const person = { ...setup.person, name: `${setup.person.name}'s screen`, colour: setup.person.screen_colour };
      screen = new Picture(person, setup.clock, setup.screen, { flashes: false });
      const track = screen.track();
      track.addEventListener("ended", () => screen.close());
      return new MediaStream([track]);
    };
    meeting = await RealtimeKitClient.init({
      authToken: setup.token,
      baseURI: setup.base_uri,
      defaults: { audio: false, video: false },
    });
    meeting.self.on("roomLeft", ({ state }) => note("roomLeft", state));
    meeting.participants.joined.on("participantJoined", ({ name }) => note("participantJoined", name));
    meeting.participants.joined.on("participantLeft", ({ name }) => note("participantLeft", name));
    meeting.participants.on("activeSpeaker", ({ peerId }) => note("activeSpeaker", peerId));
    meeting.participants.on("broadcastedMessage", ({ type, payload }) => note("broadcastedMessage", { type, payload }));
    meeting.recording.on("recordingUpdate", (state) => note("recordingUpdate", state));
    meeting.chat.on("chatUpdate", ({ action, message }) => note("chatUpdate", { action, message: message.message }));
    await meeting.join();
    note("joined");
    return meeting.self.id;
  },
  async camera(on) {
    // The SDK stops a custom track when it is switched off, so each time there is a new one.
    await (on ? meeting.self.enableVideo(camera.track()) : meeting.self.disableVideo());
    note(on ? "camera on" : "camera off");
  },
  async microphone(on) {
    await (on ? meeting.self.enableAudio(voice.track()) : meeting.self.disableAudio());
    note(on ? "microphone on" : "microphone off");
  },
  async share(on) {
    await (on ? meeting.self.enableScreenShare() : meeting.self.disableScreenShare());
    note(on ? "screen on" : "screen off");
  },
  startRecording: () => meeting.recording.start(),
  pauseRecording: () => meeting.recording.pause(),
  resumeRecording: () => meeting.recording.resume(),
  stopRecording: () => meeting.recording.stop(),
  broadcast: (type, payload) => meeting.participants.broadcastMessage(type, payload),
  chat: (text) => meeting.chat.sendTextMessage(text),
  async leave() {
    await meeting.leave();
    note("left");
  },
  /** What the SDK believes. */
  state() {
    const { self } = meeting;
    return {
      joined: self.roomJoined,
      audio: self.audioEnabled,
      video: self.videoEnabled,
      screen: self.screenShareEnabled,
      recording: meeting.recording.recordingState,
      participants: meeting.participants.joined.toArray().map((other) => ({
        name: other.name,
        audio: other.audioEnabled,
        video: other.videoEnabled,
        screen: other.screenShareEnabled,
        has_video_track: Boolean(other.videoTrack),
      })),
    };
  },
  events: () => events,
};
