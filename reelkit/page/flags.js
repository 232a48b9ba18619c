// What the recording SDK lets its recorder see; plain values only.
(() => {
  const sdk = Boolean(window.realtimeKitRecordingSdk || window.dyteRecordingSdk);
  const asked = [window.triggerRealtimeKitRecording, window.triggerDyteRecording];
  const recording = window.realtimeKitRecording || window.dyteRecording;
  const told = (name) => {
    try {
      return recording && typeof recording[name] === "function" ? recording[name]() : null;
    } catch (error) {
      return null;
    }
  };
  const count = told("getParticipantCount");
  return {
    sdk,
    stopped: sdk && asked.includes(false),
    // The SDK takes its object away when its client was sent out of the meeting or the meeting ended.
    left: !recording || told("isMeetingEnded") === true || count === 0,
  };
})();
