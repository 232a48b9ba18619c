// Run in a page before the SDK is loaded: makes it send video with another codec than the SDK asks for, and, if
// `scalability` is given, in layers. __REELKIT_VIDEO__ is {codec: "VP9", scalability: "L2T2_KEY"}.
const { codec, scalability } = __REELKIT_VIDEO__;
const prefer = RTCRtpTransceiver.prototype.setCodecPreferences;
RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs) {
  const isVideo = codecs.some(({ mimeType }) => mimeType.startsWith("video/"));
  const offered = RTCRtpSender.getCapabilities("video").codecs;
  const wanted = offered.filter(({ mimeType }) => [`video/${codec}`, "video/rtx"].includes(mimeType));
  return prefer.call(this, isVideo ? wanted : codecs);
};
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (trackOrKind, init) {
  const isTrack = trackOrKind instanceof MediaStreamTrack && trackOrKind.kind === "video";
  const layered = isTrack && scalability ? { ...init, sendEncodings: [{ scalabilityMode: scalability }] } : init;
  return add.call(this, trackOrKind, layered);
};
