"""The wheels that are chosen for other hosts are those that installers there choose."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wheels import Offer, choose, is_for

X86, ARM = Target("3.12", "x86_64"), Target("3.12", "aarch64")


def _chosen(target: Target, *tags: str) -> set[str]:
    choice = choose([Offer(f"demo-1.0-{tag}.whl") for tag in tags], [target])
    return {name.removeprefix("demo-1.0-").removesuffix(".whl") for name in choice.wheels}


@pytest.mark.parametrize(
    ("target", "offered", "chosen"),
    [
        (X86, ["py3-none-any"], {"py3-none-any"}),
        (X86, ["py2.py3-none-any"], {"py2.py3-none-any"}),
        (X86, ["py2-none-any"], set()),
        (X86, ["cp312-none-any"], {"cp312-none-any"}),
        (X86, ["cp312-cp312-win_amd64", "cp312-cp312-macosx_11_0_arm64"], set()),
        (X86, ["cp312-cp312-musllinux_1_2_x86_64"], set()),
        (X86, ["cp312-cp312-linux_x86_64"], {"cp312-cp312-linux_x86_64"}),
        (X86, ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"],
         {"cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"}),
        (X86, ["cp312-cp312-manylinux_2_41_x86_64"], set()),
        (X86, ["cp312-cp312-manylinux_2_40_x86_64"], {"cp312-cp312-manylinux_2_40_x86_64"}),
        (X86, ["cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64"],
         {"cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64"}),
        (X86, ["cp312-cp312-manylinux1_x86_64", "cp312-cp312-manylinux2014_x86_64"],
         {"cp312-cp312-manylinux2014_x86_64"}),
        (X86, ["cp37-abi3-manylinux2014_x86_64"], {"cp37-abi3-manylinux2014_x86_64"}),
        (X86, ["cp313-abi3-manylinux2014_x86_64"], set()),
        (X86, ["cp312-cp312-manylinux2014_x86_64", "cp37-abi3-manylinux2014_x86_64"],
         {"cp312-cp312-manylinux2014_x86_64"}),
        (X86, ["cp312-cp312t-manylinux2014_x86_64", "cp313-cp313-manylinux2014_x86_64"], set()),
        (X86, ["py3-none-manylinux2014_x86_64", "py3-none-any"], {"py3-none-manylinux2014_x86_64", "py3-none-any"}),
        (X86, ["cp312-cp312-manylinux2014_x86_64", "py3-none-any"],
         {"cp312-cp312-manylinux2014_x86_64", "py3-none-any"}),
        (X86, ["cp312-cp312-manylinux2014_aarch64"], set()),
        (X86, ["cp312-cp312-manylinux2014_i686"], set()),
        (X86, ["pp310-pypy310_pp73-manylinux2014_x86_64"], set()),
        (ARM, ["cp312-cp312-manylinux2014_aarch64", "cp312-cp312-manylinux2014_x86_64"],
         {"cp312-cp312-manylinux2014_aarch64"}),
        (ARM, ["cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64", "cp312-cp312-manylinux_2_34_aarch64"],
         {"cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64", "cp312-cp312-manylinux_2_34_aarch64"}),
        (ARM, ["cp312-cp312-manylinux1_aarch64"], set()),
        (ARM, ["cp312-cp312-linux_aarch64"], {"cp312-cp312-linux_aarch64"}),
        (X86, ["1-py3-none-any", "2-py3-none-any"], {"1-py3-none-any", "2-py3-none-any"}),
        (X86, ["1-cp312-cp312-linux_x86_64", "2-cp312-cp312-linux_x86_64"], {"2-cp312-cp312-linux_x86_64"}),
        (X86, ["2a-cp312-cp312-linux_x86_64", "10-cp312-cp312-linux_x86_64", "cp312-cp312-linux_x86_64"],
         {"10-cp312-cp312-linux_x86_64"}),
        (X86, ["not a wheel"], set()),
    ],
)  # fmt: skip
def test_the_first_choice_of_the_oldest_and_the_newest_host_comes(
    target: Target, offered: list[str], chosen: set[str]
) -> None:
    assert _chosen(target, *offered) == chosen


def test_a_file_for_another_python_is_no_choice_and_no_lack() -> None:
    both = [Offer("demo-1.0-py3-none-any.whl", ">=3.12"), Offer("demo-1.0.tar.gz", ">=3.12")]
    choice = choose(both, [Target("3.11", "x86_64"), X86])
    assert choice.wheels == ("demo-1.0-py3-none-any.whl",)
    assert choice.unfit == (Target("3.11", "x86_64"),) and not choice.without


@pytest.mark.parametrize("requires", ["", ">=3.8.1", "!=3.12.0", "nonsense", "<3.12.4"])
def test_what_some_release_of_a_python_fits_is_fitting(requires: str) -> None:
    assert choose([Offer("demo-1.0-py3-none-any.whl", requires)], [X86]).wheels


def test_a_target_without_a_wheel_is_named() -> None:
    choice = choose([Offer("demo-1.0-cp312-cp312-manylinux2014_x86_64.whl"), Offer("demo-1.0.tar.gz")], [X86, ARM])
    assert choice.without == (ARM,)


def test_whether_some_host_of_a_target_can_use_a_file() -> None:
    assert is_for("demo-1.0-cp312-cp312-manylinux_2_34_x86_64.whl", X86)
    assert not is_for("demo-1.0-cp312-cp312-win_amd64.whl", X86)
    assert not is_for("demo-1.0.tar.gz", X86)
