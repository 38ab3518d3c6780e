"""Faults that break promises about files: 15, 16."""

from __future__ import annotations

from .fault import Fault

FAULTS = [
    Fault(
        15,
        "a saved file takes its name before it is on the disk",
        "python/netlet/saving/atomic.py",
        "                os.fsync(file.fileno())\n",
        "                pass\n",
        "tests/saving/test_replacing.py",
    ),
    Fault(
        15,
        "a save writes into the old file",
        "python/netlet/saving/atomic.py",
        '            with open(temporary, "xb", buffering=0) as file:\n',
        '            temporary = target\n            with open(temporary, "wb", buffering=0) as file:\n',
        "tests/saving/test_replacing.py",
    ),
    Fault(
        15,
        "a save that Ctrl-C ends leaves its temporary file",
        "python/netlet/saving/atomic.py",
        "    except BaseException:\n        with contextlib.suppress(OSError):\n            os.unlink(temporary)\n",
        "    except Exception:\n        with contextlib.suppress(OSError):\n            os.unlink(temporary)\n",
        "tests/faults/test_killed_files.py",
        "-k interrupted",
    ),
    Fault(
        15,
        "a download takes what a killed one has left",
        "python/netlet/utils/get_file.py",
        '    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")\n',
        '    part = target.with_name(f"{target.name}.part")\n',
        "tests/faults/test_killed_files.py",
        "-k downloads",
    ),
    Fault(
        16,
        "a file may name a module to import",
        "python/netlet/saving/registry.py",
        "    if module not in (_FUNCTION_MODULES if function else _CLASS_MODULES):\n        return None\n",
        "    importlib.import_module(module)\n",
        "tests/saving/test_hostile.py",
    ),
    Fault(
        16,
        "a file may list an array for a thousand weights",
        "python/netlet/saving/netlet_file/container.py",
        "if len(set(value)) != len(value):",
        "if len(set(value)) > len(value):",
        "tests/saving/test_hostile.py",
    ),
    Fault(
        16,
        "an array in HDF5 may claim any size",
        "python/netlet/saving/keras_file/hdf5.py",
        "        if max(self.nbytes, math.prod(array.chunks) * array.dtype.itemsize) > most:",
        "        if most < 0:",
        "tests/saving/keras_file/test_hostile_hdf5.py",
    ),
    Fault(
        16,
        "changed bytes of an array are not noticed",
        "python/netlet/saving/netlet_file/container.py",
        "sums.get(name) != zlib.crc32(_bytes(array))",
        "name not in sums",
        "tests/saving/test_container.py",
    ),
    Fault(
        16,
        "an IDX file may claim any size",
        "python/netlet/datasets/reading.py",
        '        if size > at_most(path):\n            raise Damaged(\n                f"{path}: its shape',
        '        if size < 0:\n            raise Damaged(\n                f"{path}: its shape',
        "tests/datasets/test_files.py",
    ),
]
