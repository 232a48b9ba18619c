"""Every setting and its default, in one tree.

Precedence: command line > ``REELKIT_*`` environment > the TOML file > the defaults here. Nested settings use two
underscores in the environment: ``REELKIT_RENDER__PRESET=superfast``. docs/configuration.md is generated from this file.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

SECONDS_PER_DAY = 86_400


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SfuSettings(_Section):
    """The Janus child process."""

    janus_binary: Path = Field(Path("/usr/bin/janus"), description="Janus' executable.")
    janus_library_dir: Path | None = Field(
        None, description="Directory that holds Janus' plugins/ and transports/; found by itself when unset."
    )
    flush_library: Path | None = Field(
        None,
        description="The flush shim built by set-up; build/libreelkit-flush.so when unset and present. Without it the "
        "renderer lags at least 4 s.",
    )
    flush_interval_ms: int = Field(50, ge=10, le=5_000, description="How often captured packets become readable.")
    rtp_port_min: int = Field(20_000, ge=1_024, le=65_535, description="First port for media.")
    rtp_port_max: int = Field(20_999, ge=1_024, le=65_535, description="Last port for media.")
    interfaces: list[str] = Field(
        default_factory=list, description="Interfaces or addresses to offer for media; all but loopback when empty."
    )
    public_address: str | None = Field(None, description="Address to offer instead when behind a 1:1 NAT.")
    tcp: bool = Field(
        True,
        description="Media over TCP, too, on the same ports. Only hidden recorders are told of it: a page that is "
        "recorded can be reached in no other way. Nobody outside this machine needs to reach these TCP ports.",
    )
    video_bitrate_max_bps: int = Field(2_500_000, ge=64_000, description="Cap (REMB) asked of each sender.")
    keyframe_interval_s: int = Field(
        10, ge=0, description="Keyframe request interval while recording, which bounds what a lost packet can spoil."
    )
    start_timeout_s: float = Field(10.0, gt=0, description="Janus must answer within this time.")
    request_timeout_s: float = Field(10.0, gt=0, description="Limit for one request to Janus.")


class RoomSettings(_Section):
    """The meeting gateway."""

    heartbeat_interval_s: float = Field(
        8.0, gt=0, lt=30, description="Between pings; the SDK drops after 30 s of silence."
    )
    peer_timeout_s: float = Field(25.0, gt=0, description="A peer that was silent for so long is dead.")
    reconnect_grace_s: float = Field(60.0, ge=0, description="How long a dropped peer's media is kept for its return.")
    active_speaker_hold_s: float = Field(1.0, ge=0, description="A speaker stays active at least so long.")
    max_message_bytes: int = Field(1 << 20, ge=1_024, description="Limit of one message of a client.")
    token_lifetime_s: int = Field(SECONDS_PER_DAY, ge=60, description="Lifetime of a participant's token.")
    max_peers: int = Field(
        200, ge=1, description="Peers who have joined one meeting; as many more may wait or be on their way in."
    )
    max_devices: int = Field(10, ge=1, description="Peers of one participant in one meeting at once.")


class ChatSettings(_Section):
    """What is kept of chats."""

    keep_for_s: float = Field(
        7 * SECONDS_PER_DAY,
        ge=60,
        description="What was written in a session is deleted so long after the session's end. A download link of it "
        "ends then, or earlier.",
    )
    max_session_bytes: int = Field(
        64 << 20, ge=1 << 20, description="What is kept of one session's chat; what is written beyond that is not."
    )


class CaptureSettings(_Section):
    """What the SFU and the journal write while recording."""

    keep: bool = Field(False, description="Keep captures after their recordings are delivered.")
    keep_for_s: float | None = Field(
        None, gt=0, description="Kept captures are deleted so long after their session's end; never when unset."
    )
    reclaim: bool = Field(
        True,
        description="Give disk space back while a long meeting is recorded: what all its films have rendered. Captures "
        "that are kept stay whole.",
    )
    reclaim_after_s: float = Field(
        3_600.0, ge=0, description="The newest part of a capture that stays whole, and so do shorter recordings."
    )
    journal_fsync_interval_s: float = Field(1.0, ge=0, description="What a power cut can cost.")


class RenderSettings(_Section):
    """Defaults of the renderer."""

    preset: str = Field("veryfast", description="x264 preset.")
    crf: float = Field(25.0, ge=0, le=51, description="x264 quality; lower is better and larger.")
    threads: int = Field(1, ge=1, le=64, description="Encoder threads per recording.")
    fps: int = Field(30, ge=1, le=60, description="Frames per second of films.")
    lag_s: float = Field(1.5, ge=1.1, description="How far the renderer stays behind the meeting.")
    lag_without_flush_s: float = Field(4.0, ge=2.0, description="The same without the flush shim.")
    nice: int = Field(5, ge=0, le=19, description="Renderers yield the processor to the SFU and the API by this much.")
    max_restarts: int = Field(20, ge=0, description="Restarts of one recording's renderer without progress.")
    max_live: int | None = Field(
        None,
        ge=1,
        description="Recordings whose films are rendered at once; two for each processor when unset. Those of further "
        "recordings are rendered when a place is free, or after their stop, oldest first; nothing is lost meanwhile.",
    )

    def lag_behind_s(self, *, captures_at_once: bool) -> float:
        """How far a renderer stays behind: the SFU without the flush shim writes what it captures in large pieces."""
        return self.lag_s if captures_at_once else self.lag_without_flush_s


class RecordingSettings(_Section):
    """Rules of recordings."""

    empty_meeting_timeout_s: float = Field(60.0, ge=1, description="An empty meeting stops its recordings after this.")
    max_seconds: int = Field(SECONDS_PER_DAY, ge=60, le=SECONDS_PER_DAY, description="Default limit of one recording.")
    url_lifetime_s: int = Field(7 * SECONDS_PER_DAY, ge=60, description="Lifetime of a download URL and its file.")
    min_free_bytes: int = Field(
        1 << 30, ge=0, description="Below this much free space the server is not ready and starts no recording."
    )
    stop_free_bytes: int = Field(
        256 << 20, ge=0, description="Below this much free space running recordings end with what they have."
    )
    shutdown_timeout_s: float = Field(
        10.0, ge=0, description="For films to be finished after SIGTERM; the others are at the next start."
    )
    watermark_max_bytes: int = Field(5_000_000, ge=1_024, description="Limit of a watermark's image file.")
    watermark_timeout_s: float = Field(
        2.0,
        gt=0,
        le=30,
        description="The start call waits so long for a watermark; then the recording goes on without it.",
    )
    portrait_max_bytes: int = Field(2_000_000, ge=1_024, description="Limit of the image file of a participant.")
    portrait_timeout_s: float = Field(
        5.0, gt=0, le=60, description="A participant's picture must be fetched within this time; nothing waits for it."
    )


class PageSettings(_Section):
    """Recording pages (``url``) with a browser."""

    chromium_binary: Path = Field(Path("/usr/bin/chromium"), description="Chromium's executable.")
    max_live: int | None = Field(
        None,
        ge=0,
        description="Pages that are recorded at once; one for each processor when unset. A page cannot wait, so a "
        "start call beyond that is answered with 503. 0 switches the recording of pages off.",
    )
    load_timeout_s: float = Field(30.0, gt=0, description="A page must have loaded within this time.")
    start_timeout_s: float = Field(
        120.0, gt=0, description="A page with the recording SDK must say within this time that it is to be recorded."
    )
    max_reloads: int = Field(
        3, ge=0, description="How often a page that crashed while it is recorded is opened anew before that is its end."
    )
    max_memory_bytes: int = Field(
        2 << 30, ge=256 << 20, description="What a page's browser may take of the memory; beyond that it is ended."
    )
    max_profile_bytes: int = Field(
        512 << 20, ge=16 << 20, description="What it may keep on the disk while it runs; nothing of it stays."
    )
    max_processors: float = Field(
        2.0, gt=0, description="What it may take of the processors, where the kernel lets us bound that."
    )
    browsers_dir: Path | None = Field(
        None,
        description="Where browsers keep their files while they run; users other than the server's must be able to "
        "enter it. In the machine's temporary directory when unset.",
    )
    first_uid: int = Field(
        61_184, ge=1, description="A server that runs as root gives each browser a user of its own, from this id on."
    )
    last_uid: int = Field(65_519, ge=1, description="The last of these ids.")
    allow_no_sandbox: bool = Field(
        False,
        description="Record pages also where the kernel does not let Chromium have its sandbox. Only for pages that "
        "you trust.",
    )
    keep_diagnosis_s: float = Field(
        7 * SECONDS_PER_DAY,
        gt=0,
        description="How long the console, failed requests and last picture of a page that failed are kept in "
        "DATA/diagnoses.",
    )


class IntegritySettings(_Section):
    """The record of what was delivered."""

    decode: Literal["all", "keyframes", "none"] = Field(
        "keyframes",
        description="What of a film is decoded again to prove it, while it is recorded: every picture and all sound, "
        "keyframes and all sound, or nothing. `all` costs up to 0.15 of a processor for each recording.",
    )


class RtmpSettings(_Section):
    """Live streams by RTMP."""

    connect_timeout_s: float = Field(
        10.0, gt=0, description="From the connection to the server's consent; longer is a failure."
    )
    stall_timeout_s: float = Field(
        10.0, gt=0, description="A server that takes no data for so long is connected to anew."
    )
    retry_first_s: float = Field(
        0.5, gt=0, description="About how long after a failure the server is tried again; it doubles with each failure."
    )
    retry_max_s: float = Field(15.0, gt=0, description="The longest wait between two attempts.")
    queue_s: float = Field(
        8.0, ge=4, description="What may wait for a slow server; of more, the oldest is dropped, pictures and sound."
    )
    queue_max_bytes: int = Field(32 << 20, ge=1 << 20, description="The same in bytes.")
    max_behind_s: float = Field(
        10.0,
        ge=6,
        description="A stream whose renderer falls farther behind shows a black picture until it has caught up.",
    )
    end_timeout_s: float = Field(
        2.0, ge=0, description="How long the end of a recording waits for the server to take the rest of its stream."
    )


def _ingest_server(value: str) -> str:
    scheme, separator, rest = value.rstrip("/").partition("://")
    host, _, application = rest.partition("/")
    if scheme not in {"rtmp", "rtmps"} or not separator or not host or not application or set(rest) & set("@?# "):
        raise ValueError("must be an rtmp or rtmps URL with a host and an application, such as rtmp://10.0.0.5/live")
    return value.rstrip("/")


class LivestreamSettings(_Section):
    """Livestreams of meetings, which go to a server of the operator's."""

    ingest_server: Annotated[str, AfterValidator(_ingest_server)] | None = Field(
        None,
        description="RTMP server and application that meetings are streamed to, such as rtmp://10.0.0.5/live; a random "
        "key per livestream is the stream's name there. Livestreams are not available when unset.",
    )
    playback_url: str | None = Field(
        None,
        description="Where livestreams are watched, such as https://live.example.com/hls/{stream_key}.m3u8; {id} and "
        "{meeting_id} are filled in, too. Answers show no such URL when unset.",
    )


def _network(value: str) -> str:
    # Raises ValueError, which names what is wrong.
    return str(ip_network(value))


def _web_origin(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if scheme not in {"http", "https"} or not separator or not rest.strip("/") or set(rest) & set("@?# "):
        raise ValueError("must be an http or https URL without credentials and query")
    return value.rstrip("/")


WebOrigin = Annotated[str, AfterValidator(_web_origin)]


class EgressSettings(_Section):
    """What may be fetched because a caller named its URL."""

    allow_private: bool = Field(
        False,
        description="Let callers name hosts in private networks and on this machine. Link-local addresses, where "
        "clouds keep credentials, stay closed.",
    )
    allowed_networks: list[Annotated[str, AfterValidator(_network)]] = Field(
        default_factory=list, description="Networks (10.1.0.0/16, fd12::/48) that callers may name hosts of."
    )


class StorageEndpoints(_Section):
    """Where the operator's own storage services are. They are trusted: connections to them are not guarded."""

    aws: WebOrigin | None = Field(
        None, description="S3-compatible service (MinIO, Ceph, Garage) that stands in for `type: aws`."
    )
    digitalocean: WebOrigin | None = Field(None, description="The same for `type: digitalocean`.")
    cloudflare: WebOrigin | None = Field(None, description="The same for `type: cloudflare`.")
    azure: WebOrigin | None = Field(
        None, description="Blob service for `type: azure`, with the account in its path, instead of the caller's."
    )
    gcs: WebOrigin | None = Field(None, description="Stands in for https://storage.googleapis.com.")
    gcs_token: WebOrigin | None = Field(None, description="Stands in for https://oauth2.googleapis.com/token.")


class StorageSettings(_Section):
    """Delivery to callers' own storage."""

    check_at_start: bool = Field(
        True, description="Write and delete a tiny object in the start call, so that wrong credentials are known then."
    )
    check_timeout_s: float = Field(
        2.0, gt=0, le=30, description="The start call waits so long for that; a slower storage is tried after the stop."
    )
    give_up_after_s: float = Field(
        SECONDS_PER_DAY, gt=0, description="Storage that is down is tried again for so long, growing patient."
    )
    request_timeout_s: float = Field(30.0, gt=0, description="Deadline of one call, without its data.")
    min_rate_bytes_per_s: int = Field(
        65_536, ge=1, description="Slower storage counts as down: the deadline of a call grows with its data by this."
    )
    connections: int = Field(4, ge=1, le=64, description="Connections of one upload at once.")
    sftp_known_hosts: Path | None = Field(
        None,
        description="OpenSSH known_hosts file: only SSH servers in it are spoken to. The key of the first connection "
        "is pinned when unset.",
    )
    endpoints: StorageEndpoints = Field(default_factory=StorageEndpoints)


class BucketSettings(_Section):
    """The hosted bucket, in which delivered files lie until their links end."""

    kind: Literal["directory", "s3"] = Field(
        "directory", description="DATA/bucket, or a bucket that speaks Amazon's S3 (MinIO, Ceph, Garage, R2, …)."
    )
    endpoint: WebOrigin | None = Field(None, description="S3 service; Amazon's of the region when unset.")
    public_endpoint: WebOrigin | None = Field(
        None, description="The same service as callers reach it, for presigned URLs; `endpoint` when unset."
    )
    region: str = Field("us-east-1", min_length=1, description="Region; most other services take any.")
    bucket: str | None = Field(None, min_length=1, description="Name of the bucket; it must exist.")
    prefix: str = Field("", description="Below this path in the bucket.")
    access_key: SecretStr | None = Field(None, description="Access key id; set it in the environment.")
    secret: SecretStr | None = Field(None, description="Secret access key; set it in the environment.")
    links: Literal["presigned", "redirect"] = Field(
        "presigned",
        description="What download URLs of an S3 bucket are: presigned ones straight to it, or links to this server "
        "that redirect there. Links that live longer than 7 days always redirect.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("bucket", "access_key", "secret") if getattr(self, name) is None]
        if self.kind == "s3" and missing:
            raise ValueError(f"kind s3 needs {', '.join(missing)}")
        return self


class LimitSettings(_Section):
    """How many requests each API token and each participant may make; without a valid token, each address."""

    enabled: bool = Field(True, description="Refuse what is over a limit with 429.")
    recording_requests: int = Field(1_000, ge=1, description="Requests below `/recordings` within their window.")
    recording_window_s: float = Field(50.0, gt=0, le=SECONDS_PER_DAY, description="That window.")
    other_requests: int = Field(3_500, ge=1, description="All other requests within theirs.")
    other_window_s: float = Field(300.0, gt=0, le=SECONDS_PER_DAY, description="That window.")
    connects: int = Field(60, ge=1, description="Websockets that a participant may open within their window.")
    connect_window_s: float = Field(60.0, gt=0, le=SECONDS_PER_DAY, description="That window.")


class WebhookSettings(_Section):
    """Telling callers what happens."""

    attempt_timeout_s: float = Field(10.0, gt=0, le=120, description="Deadline of one request, its answer included.")
    give_up_after_s: float = Field(
        SECONDS_PER_DAY, ge=0, description="An event that is not taken is tried again for so long after it came about."
    )
    retry_min_s: float = Field(2.0, gt=0, description="Before the second try; doubled for each further one.")
    retry_max_s: float = Field(900.0, gt=0, description="The longest time between two tries.")
    connections: int = Field(
        4, ge=1, le=64, description="Requests to one webhook at once; events of one recording go one after the other."
    )
    max_per_app: int = Field(50, ge=1, description="Webhooks that one app may have.")
    log_lifetime_s: float = Field(
        30 * SECONDS_PER_DAY, ge=0, description="How long the log of a delivery is kept after its end."
    )


class Settings(BaseSettings):
    """The whole configuration of one server."""

    model_config = SettingsConfigDict(
        env_prefix="REELKIT_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    data: Path = Field(Path("reelkit-data"), description="Directory of everything the server keeps.")
    host: str = Field("127.0.0.1", description="Address of both listeners.")
    port: int = Field(8700, ge=0, le=65_535, description="Plain HTTP: API, documentation, metrics, downloads.")
    tls_port: int = Field(8743, ge=0, le=65_535, description="TLS: the browser SDK's REST calls and websockets.")
    public_url: str | None = Field(
        None, description="Base of download URLs; http://HOST:PORT when unset. Set it behind a proxy."
    )
    base_domain: str = Field(
        "rtk.localhost", description="The SDK is pointed here: it prefixes api., socket-edge. and others."
    )
    tls_certificate: Path | None = Field(None, description="PEM chain; a development authority is made when unset.")
    tls_key: Path | None = Field(None, description="PEM key of tls_certificate.")
    database_url: str | None = Field(
        None, description="postgresql://USER:PASSWORD@HOST/NAME; SQLite in the data directory when unset."
    )
    api_token: SecretStr | None = Field(None, description="The operator's token; made and printed once when unset.")
    vault_keys: list[SecretStr] = Field(
        default_factory=list,
        description="Keys that encrypt callers' credentials, base64 of 32 bytes each: the first encrypts, all decrypt. "
        "DATA/secrets/vault.key when empty.",
    )
    max_body_bytes: int = Field(1 << 20, ge=1_024, description="Limit of one request body.")
    log_format: Literal["console", "json"] = Field("console", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    ice_servers: list[dict[str, str]] = Field(
        default_factory=list, description="RTCIceServer objects (urls, username, credential) handed to clients."
    )

    sfu: SfuSettings = Field(default_factory=SfuSettings)
    rooms: RoomSettings = Field(default_factory=RoomSettings)
    chat: ChatSettings = Field(default_factory=ChatSettings)
    capture: CaptureSettings = Field(default_factory=CaptureSettings)
    render: RenderSettings = Field(default_factory=RenderSettings)
    recording: RecordingSettings = Field(default_factory=RecordingSettings)
    page: PageSettings = Field(default_factory=PageSettings)
    integrity: IntegritySettings = Field(default_factory=IntegritySettings)
    livestream: LivestreamSettings = Field(default_factory=LivestreamSettings)
    egress: EgressSettings = Field(default_factory=EgressSettings)
    rtmp: RtmpSettings = Field(default_factory=RtmpSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    bucket: BucketSettings = Field(default_factory=BucketSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config_file: Path | None = None, **overrides: object) -> Settings:
    """Reads settings with an optional TOML file; ``overrides`` (the command line) that are None do not count.

    Raises pydantic.ValidationError naming each bad field.
    """
    given = {name: value for name, value in overrides.items() if value is not None}

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config_file)

    return FromFile(**given)  # type: ignore[arg-type]  # the values are validated at run time
