"""The simulated GPU finds what is wrong with a kernel, and computes what a GPU computes."""

import ctypes

import numpy as np
import pytest

from support.gradients import rng_of
from support.simulation import simulation

pytestmark = pytest.mark.skipif(simulation() is None, reason="built without the simulated GPU")


@pytest.fixture(scope="module")
def sim():
    library = simulation()
    array = np.ctypeslib.ndpointer
    library.netlet_sim_fault.restype = ctypes.c_char_p
    library.netlet_sim_fault.argtypes = [
        ctypes.c_char_p,
        ctypes.c_bool,
        ctypes.c_uint64,
        array(np.float32),
        array(np.float32),
    ]
    library.netlet_sim_test.restype = ctypes.c_char_p
    words = [array(np.uint32, flags="C"), ctypes.c_int]
    library.netlet_sim_test.argtypes = [ctypes.c_int, ctypes.c_int, *words * 3]
    library.netlet_sim_scenario.restype = ctypes.c_char_p
    library.netlet_sim_scenario.argtypes = [ctypes.c_char_p]
    return library


INDEX = np.arange(64)
X = np.arange(64, dtype=np.float32) * 3 + 1

# The kernel, its result without the fault, and what the message about the fault says.
FAULTS = {
    "missing_barrier": (X[::-1], ["uninitialised", "wrote with no barrier"]),
    "race": (X[(INDEX + 66) % 64], ["race: it reads", "race: it writes"]),
    "missing_warp_barrier": (X[INDEX ^ 1], ["uninitialised", "wrote with no barrier"]),
    "divergent_barrier": (X[::-1], ["divergent __syncthreads: it is at planted_faults.cu:"]),
    "deadlock": (X, ["no thread can go on; 32 threads (1, 3, 5, 7, ...) at __syncthreads, planted_faults.cu:"]),
    "wrong_mask": (X[INDEX ^ 1], ["expected the same call and mask"]),
    "lane_not_in_mask": (X[INDEX // 32 * 32 + 1], ["lane 0 is not in its own mask 0xfffffffe"]),
    "source_not_in_mask": (
        np.where(INDEX % 32 < 8, X[INDEX // 32 * 32 + 7], np.nan),
        ["reads from lane 8 by a shuffle, which is not in the mask"],
    ),
    "out_of_bounds": (X, ["thread 63: out of bounds: access of 4 bytes at byte 256 of shared memory"]),
    "too_large": (X, ["shared_array of 129 elements at byte 0", "received the end 516"]),
    "misaligned": (X[INDEX // 4 * 4], ["misaligned: access of 16 bytes at byte"]),
    "uninitialised": (X[INDEX ^ 1], ["thread 16: it reads byte 68 of shared memory, which is uninitialised"]),
    "missing_copy_wait": (X[INDEX ^ 1], ["has not waited for its asynchronous copy"]),
    "early_copy": (2 * X[(INDEX + 33) % 64], ["race: "]),
    "global_out_of_bounds": (X, ["out of bounds: access to byte "]),
    "null_pointer": (X, ["null pointer"]),
    "stack_overflow": (X, ["more than the stack of the simulation"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(sim, name):
    expected, messages = FAULTS[name]
    for seed in range(5):  # of the order of the threads
        y = np.zeros(64, np.float32)
        assert sim.netlet_sim_fault(name.encode(), False, seed, X, y) is None
        np.testing.assert_array_equal(y, expected)
        message = sim.netlet_sim_fault(name.encode(), True, seed, X, y)
        assert message is not None, seed
        assert f"kernel {name}" in message.decode()
        assert any(each in message.decode() for each in messages), message.decode()


@pytest.mark.parametrize(
    "name",
    [
        "work_runs_late",
        "memory_is_poisoned",
        "graphs_replay",
        "gates_close",
        "host_pointer_in_a_graph",
        "host_pointer_on_the_stack",
        "host_copy_in_a_graph",
        "released_memory_in_a_graph",
        "synchronize_in_a_capture",
        "out_of_memory",
        "copies_beyond_the_end",
        "a_failure_loses_the_device",
        "copies_are_counted",
    ],
)
def test_memory_streams_and_graphs(sim, name):
    message = sim.netlet_sim_scenario(name.encode())
    assert message is None, message.decode()


def run_test(sim, which, kind, a, b, d):
    """Runs a kernel of sim_tests.cu on arrays of 4-byte words; returns d."""
    a, b, d = (np.ascontiguousarray(x).view(np.uint32).ravel().copy() for x in (a, b, d))
    message = sim.netlet_sim_test(which, kind, a, a.size, b, b.size, d, d.size)
    assert message is None, message.decode()
    return d


def bfloat16_bits(x):
    return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


LANE = np.arange(32)
GROUP, IN_GROUP = LANE // 4, LANE % 4  # the names of the PTX manual: groupID, threadID_in_group


def fragments(a, b, d, per_register):
    """The registers of the 32 lanes as the PTX manual lays them out: a (16, K), b (K, 8), d (16, 8)."""
    n = per_register
    registers_a, registers_b = [], []
    for i in range(4):  # a0: rows 0-7, left half; a1: rows 8-15; a2, a3: the right half
        rows, columns = GROUP + i % 2 * 8, IN_GROUP * n + i // 2 * 4 * n
        registers_a.append(np.stack([a[rows, columns + e] for e in range(n)], axis=-1))
    for i in range(2):
        rows = IN_GROUP * n + i * 4 * n
        registers_b.append(np.stack([b[rows + e, GROUP] for e in range(n)], axis=-1))
    registers_d = [d[GROUP + i // 2 * 8, IN_GROUP * 2 + i % 2] for i in range(4)]
    return np.stack(registers_a, axis=1), np.stack(registers_b, axis=1), np.stack(registers_d, axis=1)


@pytest.mark.parametrize("name", ["bf16", "f16", "tf32", "s8s8", "u8s8"])
def test_mma_multiplies_in_the_documented_layout(sim, name):
    rng = rng_of(name)
    kind = ["bf16", "f16", "tf32", "s8s8", "u8s8"].index(name)
    per_register = {"bf16": 2, "f16": 2, "tf32": 1}.get(name, 4)
    k = 8 * per_register
    if per_register == 4:
        a = rng.integers(0, 256, (16, k)).astype(np.uint8 if name == "u8s8" else np.int8)
        b = rng.integers(-128, 128, (k, 8)).astype(np.int8)
        d = rng.integers(-1000, 1000, (16, 8)).astype(np.int32)
        expected = a.astype(np.int32) @ b.astype(np.int32) + d
        bits = lambda x: x  # noqa: E731
    else:
        # Numbers with few bits: exact in each format.
        a, b = (rng.integers(-16, 17, shape) / 8 for shape in ((16, k), (k, 8)))
        d = rng.integers(-16, 17, (16, 8)).astype(np.float32)
        expected = (a @ b + d).astype(np.float32)
        bits = {"bf16": bfloat16_bits, "f16": np.float16, "tf32": np.float32}[name]
    registers_a, registers_b, registers_d = fragments(bits(a), bits(b), d, per_register)
    result = run_test(sim, 0, kind, registers_a, registers_b, registers_d).view(d.dtype).reshape(32, 4)
    np.testing.assert_array_equal(result, fragments(a, b, expected, per_register)[2])


@pytest.mark.parametrize("transposed", [False, True])
def test_ldmatrix(sim, transposed):
    rng = rng_of(transposed)
    matrices = rng.integers(0, 65536, (4, 8, 8)).astype(np.uint16)
    registers = run_test(sim, 1, int(transposed), matrices, np.zeros(1, np.uint32), np.zeros(128, np.uint32))
    pairs = registers.view(np.uint16).reshape(32, 4, 2)
    source = matrices.transpose(0, 2, 1) if transposed else matrices
    for i in range(4):
        for e in range(2):
            np.testing.assert_array_equal(pairs[:, i, e], source[i, GROUP, 2 * IN_GROUP + e])


@pytest.mark.parametrize("by", [0, 1, 3, 16, 31])
def test_shuffles_stay_in_their_segment(sim, by):
    sources = run_test(sim, 2, by, np.zeros(1, np.uint32), np.zeros(1, np.uint32), np.zeros(768, np.uint32))
    for w, result in enumerate(np.moveaxis(sources.reshape(4, 6, 32), 1, 0)):
        width = 2**w
        first = LANE // width * width
        xor, up, down = LANE ^ by, LANE - by, LANE + by
        np.testing.assert_array_equal(result[0], first + by % width)
        np.testing.assert_array_equal(result[1], np.where(xor < first + width, xor, LANE))
        np.testing.assert_array_equal(result[2], np.where(up >= first, up, LANE))
        np.testing.assert_array_equal(result[3], np.where(down < first + width, down, LANE))


@pytest.mark.parametrize("votes", [0, 1, 0xFFFFFFFF, 0x80000001])
def test_votes_and_reductions(sim, votes):
    values = rng_of(votes).integers(0, 1000, 256).astype(np.uint32)
    values[0] = votes
    result = run_test(sim, 3, 0, values, np.zeros(1, np.uint32), np.zeros(256 * 6, np.uint32)).reshape(256, 6)
    total = np.uint32(values.sum(dtype=np.uint64) & 0xFFFFFFFF)
    expected = [votes, votes != 0, votes == 0xFFFFFFFF, total, values.max(), values.min()]
    np.testing.assert_array_equal(result, np.tile(np.array(expected, np.uint32), (256, 1)))
