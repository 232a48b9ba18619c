"""Where control groups are, by what the kernel tells on machines of different kinds."""

from pathlib import Path

from reelkit.page.hierarchies import groups

ROOT = "22 1 0:2 / / rw - ext4 /dev/vda rw\n"


def test_version_1_has_a_directory_for_each_controller() -> None:
    mounts = ROOT + (
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
        "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    )
    memberships = "9:name=systemd:/s\n8:pids:/\n4:memory:/user/a\n1:cpu,cpuacct:/b\n0::/s\n"
    base = Path("/sys/fs/cgroup")
    assert groups(mounts, memberships) == {
        "memory": base / "memory/user/a",
        "pids": base / "pids",
        "cpu": base / "cpu,cpuacct/b",
    }


def test_version_2_has_one_for_all() -> None:
    mounts = ROOT + "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    expected = Path("/sys/fs/cgroup/system.slice/reelkit.service")
    assert groups(mounts, "0::/system.slice/reelkit.service\n") == {"unified": expected}


def test_a_container_sees_what_is_below_its_own_group() -> None:
    mounts = "35 31 0:32 /docker/1a /sys/fs/cgroup/memory ro,nosuid master:19 - cgroup cgroup rw,memory\n"
    assert groups(mounts, "4:memory:/docker/1a/inner\n") == {"memory": Path("/sys/fs/cgroup/memory/inner")}
    assert groups(mounts, "4:memory:/\n") == {"memory": Path("/sys/fs/cgroup/memory")}


def test_blanks_in_paths_and_other_lines_are_understood() -> None:
    mounts = "no mount\n35 31 0:32 / /a\\040b rw - cgroup cgroup rw,memory\n"
    assert groups(mounts, "4:memory:/c\n0::/d\n") == {"memory": Path("/a b/c")}
    assert groups("", "") == {}
