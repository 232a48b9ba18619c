"""A real RTMP server: nginx with its RTMP module, which keeps what it gets in FLV files and lets it be pulled."""

from pathlib import Path

from reelkit.process import ChildProcess
from testbed.free_port import LOOPBACK
from testbed.local_server import LocalServer

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
APP = "live"
_CONFIG = """
load_module {module};
daemon off;
master_process off;
worker_processes 1;
pid {root}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
rtmp {{
    access_log off;
    server {{
        listen {host}:{port};
        ping 2s;
        application {app} {{
            live on;
            record all;
            record_path {root}/recorded;
            record_unique on;
            allow publish all;
            allow play all;
        }}
        application closed {{
            live on;
            deny publish all;
        }}
    }}
}}
"""


class NginxRtmp(LocalServer):
    """The server; what it recorded stays in ``root``."""

    def url(self, key: str, app: str = APP) -> str:
        """Where a stream goes, and comes from."""
        return f"rtmp://{LOOPBACK}:{self.port}/{app}/{key}"

    def recordings(self, key: str) -> list[Path]:
        """The files of a stream, one for each connection, oldest first."""
        return sorted((self.root / "recorded").glob(f"{key}-*.flv"), key=lambda path: path.stat().st_ctime_ns)

    def _command(self) -> ChildProcess:
        (self.root / "recorded").mkdir(parents=True, exist_ok=True)
        (self.root / "recorded").chmod(0o777)
        config = self.root / "nginx.conf"
        config.write_text(_CONFIG.format(module=MODULE, root=self.root, host=LOOPBACK, port=self.port, app=APP))
        return ChildProcess(
            ["/usr/sbin/nginx", "-e", "stderr", "-p", self.root, "-c", config],
            name="nginx-rtmp",
            on_stderr=self.lines.append,
        )
