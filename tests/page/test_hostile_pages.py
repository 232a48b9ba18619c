"""What pages do to their recorder, while a real browser shows them: the film goes on, or ends as it should."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import pytest

from reelkit.fleet.messages import Done
from reelkit.page.status import PageState
from tests.page.films import PAGE, assert_shows_only_the_page
from tests.page.recorded import Recording, at, opened, recorded
from tests.page.sites import INSIDE, Answer, Site, site_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

READY, FAILED, ENDED = PageState.READY, PageState.FAILED, PageState.ENDED
FILM_S = 1.5
ANY = "0.0.0.0"  # noqa: S104 - pages ask for it


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on() as site:
        site.pages |= {
            "/blue": "<body style='background: #00f'>",
            "/locked": Answer("who?", "401 Unauthorized", {"www-authenticate": 'Basic realm="x"'}),
            "/d.bin": Answer(b"x" * 10_000, headers={"content-disposition": "attachment; filename=d.bin"}),
        }
        yield site


async def film_of(recording: Recording, length_s: float = FILM_S) -> Done:
    """A film of the page, which is there to the end."""
    begun_s = await recording.begin()
    await at(begun_s + length_s)
    recording.mark("stopped", begun_s + length_s)
    done = await recording.done()
    assert recording.statuses[-1].state is READY
    assert done.report["page"]["outages"] == []
    return done


DIALOGS = """setInterval(() => { alert('x'); confirm('x'); prompt('x', 'y'); print(); }, 20);
setTimeout(() => say('answered', [confirm('x'), prompt('x', 'y')]), 500)"""
WINDOWS = """document.body.insertAdjacentHTML('beforeend',
    "<a id=blank href=/blue target=_blank></a><form id=form action=/blue target=_blank></form>");
setInterval(() => {
    open('/blue'); open('/blue', '_blank', 'popup,width=640,height=360,left=0,top=0'); open('about:blank', 'x');
    blank.click(); form.submit();
    document.documentElement.requestFullscreen().catch(error => say('fullscreen', error.name));
    document.documentElement.requestPointerLock(); moveTo(50, 50); resizeTo(300, 300); close();
}, 100)"""
NAVIGATION = """onbeforeunload = event => { event.preventDefault(); return 'stay'; };
setInterval(() => {
    for (let n = 0; n < 50; n++) history.pushState(n, '', '?' + n);
    history.go(-3); location.hash = Math.random(); location = 'mailto:a@b.example'; location = 'tel:123';
}, 50);
setTimeout(() => { location = '/?' + Math.random() }, 400)"""
PERMISSIONS = """
navigator.geolocation.getCurrentPosition(() => say('place', 'given'), error => say('place', error.code));
Notification.requestPermission().then(answer => say('notifications', answer));
navigator.mediaDevices.getUserMedia({audio: true, video: true}).then(() => say('camera', 1), () => say('camera', 0));
navigator.mediaDevices.getDisplayMedia().then(() => say('screen', 1), () => say('screen', 0));
navigator.credentials.get({publicKey: {challenge: new Uint8Array(16)}}).then(() => say('key', 1), () => say('key', 0));
navigator.requestMIDIAccess({sysex: true}).then(() => say('midi', 1), () => say('midi', 0));
navigator.serviceWorker.register('/worker.js').then(() => say('worker', 1), () => say('worker', 0));
navigator.registerProtocolHandler('web+x', '/?%s'); say('robot', navigator.webdriver)"""
DOWNLOADS = """const link = document.createElement('a'); link.download = 'd.bin'; document.body.append(link);
setInterval(() => {
    link.href = '/d.bin'; link.click(); link.href = URL.createObjectURL(new Blob(['x'.repeat(99999)])); link.click();
    const frame = document.createElement('iframe'); frame.hidden = true; frame.src = '/d.bin';
    document.body.append(frame);
}, 200); setTimeout(() => say('asked', true), 700)"""
FLOODS = """setInterval(() => {
    for (let n = 0; n < 500; n++) { console.error('x'.repeat(5000)); setTimeout(() => { throw new Error('x') }); }
    for (let n = 0; n < 50; n++) fetch('http://INSIDE:9/' + n).catch(() => 0);
}, 20)"""
SPINS = """for (let n = 0; n < 4; n++) new Worker(URL.createObjectURL(new Blob(['for (;;);'])));
setTimeout(() => { for (;;); }, 1000)"""
FRAMES = """for (let n = 0; n < 500; n++) {
    const frame = document.createElement('iframe'); frame.style = 'position: absolute; left: -9999px';
    frame.srcdoc = 'frame'; document.body.append(frame);
}"""
RELOADS = "setTimeout(() => location.reload(), 30)"
STUBBORN = """for (const name of ['alert', 'confirm', 'prompt', 'print']) delete window[name];
setInterval(() => {
    const frame = document.createElement('iframe'); document.body.append(frame); frame.contentWindow.alert('x');
    frame.remove(); window.alert?.('x'); say('went on', Date.now());
}, 20)"""
DEEDS = {
    "dialogs": DIALOGS,
    "stubborn dialogs": STUBBORN,
    "windows": WINDOWS,
    "navigation": NAVIGATION,
    "permissions": PERMISSIONS,
    "downloads": DOWNLOADS,
    "floods": FLOODS.replace("INSIDE", INSIDE),
    "spins": SPINS,
    "frames": FRAMES,
    "reloads": RELOADS,
}
TOLD: dict[str, dict[str, Any]] = {
    "dialogs": {"answered": [True, "y"]},
    "windows": {"fullscreen": "TypeError"},
    "permissions": {
        "place": 1, "notifications": "denied", "camera": 0, "screen": 0, "key": 0, "midi": 0, "worker": 0, "robot": True
    },
    "downloads": {"asked": True},
}  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
async def test_the_film_shows_the_page_whatever_it_does(site: Site, deed: str) -> None:
    url = site.show(f"{PAGE}<script>onload = () => {{ {DEEDS[deed]} }}</script>")
    async with recorded(url) as recording:
        done = await film_of(recording)
        assert_shows_only_the_page(done.files[0].path, FILM_S)
        told = TOLD.get(deed, {})
        await site.told(*told)
        assert {name: site.said[name] for name in told} == told


async def test_its_keys_are_asked_for_in_no_dialog(site: Site) -> None:
    ask = """navigator.credentials.create({publicKey: {challenge: new Uint8Array(16), rp: {name: 'x'},
        user: {id: new Uint8Array(8), name: 'u', displayName: 'u'},
        pubKeyCredParams: [{type: 'public-key', alg: -7}]}}).then(() => say('key', 1), () => say('key', 0))"""
    site.show(f"{PAGE}<script>onload = () => {{ {ask} }}</script>")
    # Browsers have keys for names alone.
    async with recorded(site.url(host="localhost"), networks=("::1/128",)) as recording:
        done = await film_of(recording)
        assert_shows_only_the_page(done.files[0].path, FILM_S)
        assert "key" not in site.said


async def test_passwords_of_hosts_are_asked_for_in_no_dialog(site: Site) -> None:
    ask = "fetch('/locked').then(answer => say('status', answer.status))"
    async with recorded(site.show(f"{PAGE}<script>onload = () => {{ {ask} }}</script>")) as recording:
        done = await film_of(recording)
        assert_shows_only_the_page(done.files[0].path, FILM_S)
        assert await site.told("status", timeout_s=1) == 401


async def test_what_it_downloads_is_nowhere(site: Site) -> None:
    async with opened(site.show(f"{PAGE}<script>onload = () => {{ {DOWNLOADS} }}</script>")) as shown:
        await shown.until(READY)
        await site.told("asked")
        found = [path.name for path in shown.place.browsers_dir.rglob("*") if path.is_file()]
        assert found
        assert not [name for name in found if "d.bin" in name or name.endswith((".crdownload", ".tmp"))]


REACH = """
const inside = '%INSIDE%', ports = [%TCP%, %UDP%];
const attempt = address => {
    fetch(address + 'fetch', {mode: 'no-cors'}).catch(() => 0);
    new EventSource(address + 'events');
    navigator.sendBeacon(address + 'beacon', 'x');
    new Image().src = address + 'image';
    new WebSocket(address.replace('http', 'ws') + 'socket');
    for (const [name, property] of [['iframe', 'src'], ['script', 'src'], ['link', 'href'], ['object', 'data']]) {
        const element = document.createElement(name);
        element[property] = address + name; element.rel = 'stylesheet'; document.body.append(element);
    }
    for (const hint of ['preconnect', 'dns-prefetch', 'prefetch'])
        document.body.insertAdjacentHTML('beforeend', `<link rel=${hint} href=${address}>`);
};
const call = async () => {
    const servers = ports.flatMap(port => [`stun:${inside}:${port}`, `turn:${inside}:${port}?transport=udp`,
        `turn:${inside}:${port}?transport=tcp`]);
    const one = new RTCPeerConnection({iceServers: [{urls: servers, username: 'a', credential: 'b'}]});
    const other = new RTCPeerConnection();
    one.createDataChannel('any');
    await one.setLocalDescription();
    await other.setRemoteDescription(one.localDescription);
    await other.setLocalDescription();
    await one.setRemoteDescription(other.localDescription);
    for (const candidate of [`candidate:1 1 udp 2113937151 ${inside} ${ports[1]} typ host`,
        `candidate:2 1 tcp 1518280447 ${inside} ${ports[0]} typ host tcptype passive`])
        await one.addIceCandidate({candidate, sdpMid: '0', sdpMLineIndex: 0});
};
for (const host of [inside, '[::1]', '127.0.0.2.', '2130706434', '[::ffff:7f00:2]', '0.0.0.0'])
    for (const port of [ports[0], %PROXY%]) attempt(`http://${host}:${port}/`);
attempt('http://127.0.0.1:%PROXY%/');
new Worker(URL.createObjectURL(new Blob([`fetch('http://${inside}:${ports[0]}/worker').catch(() => 0)`])));
navigator.serviceWorker.register('/service.js').then(() => navigator.serviceWorker.ready).then(() => say('served', 1));
call().then(() => say('called', true), error => say('called', String(error)));
setTimeout(() => say('done', true), 2000);
"""


async def test_it_reaches_nothing_but_the_internet(site: Site) -> None:
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server((INSIDE, 0)))
        port = tcp.getsockname()[1]
        six = stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind((INSIDE, 0))
        for each in (tcp, six, udp):
            each.setblocking(False)
        waiting = "const look = async () => { const script = await (await fetch('/script')).text();"
        url = site.show(f"{PAGE}<script>{waiting} script ? eval(script) : setTimeout(look, 50) }}; look()</script>")
        site.pages["/script"] = ""
        async with opened(url, max_reloads=0) as shown:
            assert (await shown.until(READY, FAILED)).state is READY
            script = REACH.replace("%INSIDE%", INSIDE).replace("%PROXY%", str(shown.place.proxy_port()))
            script = script.replace("%TCP%", str(port)).replace("%UDP%", str(udp.getsockname()[1]))
            reach = f"fetch('http://{INSIDE}:{port}/service', {{mode: 'no-cors'}}).catch(() => 0)"
            site.pages["/service.js"] = Answer(f"oninstall = () => {reach}", kind="text/javascript")
            site.pages["/script"] = script
            assert await site.told("called", "served", "done") is True
            shown.place.browser().kill()
            await shown.until(FAILED)
            refused = {
                (each["host"], each["port"]) for each in shown.place.report()["requests"]["entries"] if "host" in each
            }
            assert {(INSIDE, port), ("::1", port), ("::ffff:7f00:2", port), (ANY, port)} <= refused
        for each in (tcp, six):
            with pytest.raises(BlockingIOError):
                each.accept()
        with pytest.raises(BlockingIOError):
            udp.recv(1)


async def test_nothing_of_an_earlier_recording_is_there(site: Site) -> None:
    leave = """say('found', [localStorage.mine ?? null, document.cookie, history.length]);
        localStorage.mine = 'x'; document.cookie = 'mine=x; max-age=9999'"""
    for _ in range(2):
        async with opened(site.show(f"{PAGE}<script>{leave}</script>")) as shown:
            await shown.until(READY)
            assert await site.told("found") == [None, "", 2]
            site.said.clear()


LOUD = """<script>
const context = new AudioContext(), tone = new OscillatorNode(context), gain = new GainNode(context, {gain: 1000});
tone.connect(gain).connect(context.destination); tone.start();
const rubbish = new AudioBuffer({length: 48000, sampleRate: 48000}), source = new AudioBufferSourceNode(context);
rubbish.getChannelData(0).fill(NaN, 0, 9000); rubbish.getChannelData(0).fill(Infinity, 9000, 20000);
rubbish.getChannelData(0).fill(1e30, 20000, 40000);
source.buffer = rubbish; source.connect(context.destination); source.start(context.currentTime + 1);
context.resume();
</script>"""


async def test_however_loud_it_is_nothing_is_cut_off(site: Site) -> None:
    async with recorded(site.show(PAGE + LOUD)) as recording:
        loudness = (await film_of(recording, 3.0)).report["loudness"]
        assert loudness["clipped_samples"] == 0
        assert -2.0 < loudness["sample_peak_dbfs"] <= -0.9
