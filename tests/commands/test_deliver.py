"""``reelkit recordings deliver`` where there is nothing to do; tests/e2e/test_delivery.py has the rest."""

from tests.commands.conftest import Commands


def test_what_cannot_be_delivered_again(commands: Commands) -> None:
    meeting_id = commands.output("meetings", "create", "Weekly")
    recording_id = commands.output("recordings", "start", meeting_id)
    deliver = ("recordings", "deliver", recording_id)
    assert "the recording has no storage_config" in commands.refused(*deliver)
    commands.refused("recordings", "deliver", "97440c6a-140b-40a9-9499-b23fd7a3868a")
    wrong = commands.refused(*deliver, "--storage", "-", given='{"secret": "very-secret"', status=2)
    assert "this is not JSON" in wrong
    assert "very-secret" not in wrong
    incomplete = commands.refused(*deliver, "--storage", "-", given='{"type": "aws", "secret": "very-secret"}')
    assert "storage_config.access_key" in incomplete
    assert "very-secret" not in incomplete
