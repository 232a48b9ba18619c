"""The parts that control stands on are what it takes them for; the type checker is the judge."""

from reelkit.control import ports
from reelkit.control.observer import MeetingObserver
from reelkit.fleet.base import Fleet
from reelkit.fleet.local import LocalFleet
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.bucket_s3 import S3Bucket
from reelkit.rooms.gateway import Gateway
from reelkit.rooms.observer import RoomObserver
from reelkit.rooms.room import Room
from reelkit.sfu import Sfu


def bucket(given: DirectoryBucket | S3Bucket) -> ports.Bucket:
    return given


def fleet(given: LocalFleet) -> Fleet:
    return given


def gateway(given: Gateway) -> ports.Gateway:
    return given


def observer(given: MeetingObserver) -> RoomObserver:
    return given


def room(given: Room) -> ports.Room:
    return given


def sfu(given: Sfu) -> ports.Sfu:
    return given


def test_every_method_of_the_ports_is_there() -> None:
    for port, part in (
        (ports.Bucket, DirectoryBucket),
        (ports.Bucket, S3Bucket),
        (ports.Gateway, Gateway),
        (ports.Room, Room),
        (ports.Sfu, Sfu),
    ):
        methods = {name for name, value in vars(port).items() if callable(value) and not name.startswith("_")}
        assert methods <= set(dir(part))
