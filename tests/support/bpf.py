"""A classic-BPF interpreter for seccomp programs: what the kernel would answer, without the kernel.

It accepts only the instructions that our filter may use, and insists on what the kernel's verifier insists on
(forward jumps inside the program, aligned loads inside `struct seccomp_data`).
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import iter_unpack, pack, unpack_from

ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000


@dataclass(frozen=True, slots=True)
class Call:
    """One system call as the kernel shows it to a filter: `struct seccomp_data`."""

    arch: int
    number: int
    args: tuple[int, ...] = ()

    def data(self) -> bytes:
        words = (*self.args, 0, 0, 0, 0, 0, 0)[:6]
        return pack("<iIQ6Q", _signed(self.number), self.arch, 0x7F00DEADBEEF, *words)


def run(program: bytes, call: Call) -> int:
    """The 32-bit answer of the filter."""
    code = list(iter_unpack("<HBBI", program))
    data = call.data()
    word, at = 0, 0
    while True:
        opcode, if_true, if_false, constant = code[at]
        at += 1
        if opcode == 0x20:
            assert constant % 4 == 0
            assert constant <= len(data) - 4
            (word,) = unpack_from("<I", data, constant)
        elif opcode == 0x54:
            word &= constant
        elif opcode == 0x15:
            at += if_true if word == constant else if_false
        elif opcode == 0x25:
            at += if_true if word > constant else if_false
        elif opcode == 0x45:
            at += if_true if word & constant else if_false
        elif opcode == 0x06:
            return int(constant)
        else:
            raise AssertionError(f"unknown instruction {opcode:#x} at {at - 1}")


def refused_with(answer: int) -> int | None:
    """The errno of a refusal; None when the call is allowed. A killed process is an AssertionError."""
    if answer == ALLOW:
        return None
    assert answer & 0xFFFF0000 == ERRNO, f"{answer:#x}"
    return answer & 0xFFFF


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
