import psutil
import pytest

from testbed.stack import Stack, StackError, running

pytestmark = pytest.mark.e2e


async def test_server_is_ready_and_leaves_nothing_behind() -> None:
    async with Stack() as stack:
        meeting_id = await stack.api.create_meeting("Monday")
        guest = await stack.api.add_guest(meeting_id, "Ada")
        processes = stack.descendants()
        data = stack.data
        assert any(process.name() == "janus" for process in processes)
        assert guest.token.startswith("eyJ")

    assert running(processes) == []
    assert not data.exists()
    with pytest.raises(StackError, match="not running"):
        _ = stack.api


async def test_killed_server_starts_again_on_its_data() -> None:
    async with Stack() as stack:
        meeting_id = await stack.api.create_meeting("Monday")
        before, janus = stack.pid, stack.descendants()

        await stack.kill()
        assert not psutil.pid_exists(before)
        assert running(janus) == []
        await stack.start()

        assert await stack.api.add_guest(meeting_id, "Ada")


async def test_says_why_a_server_does_not_start() -> None:
    with pytest.raises(StackError, match="Janus cannot be"):
        async with Stack(environment={"REELKIT_SFU__JANUS_BINARY": "/nonexistent/janus"}):
            pass
