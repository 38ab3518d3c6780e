// The structs of DLPack (https://dmlc.github.io/dlpack, versions 0.x and 1.x), by which libraries share arrays, and
// their conversion from and to tensors.
#pragma once
#include <pybind11/pybind11.h>

#include <cstdint>

#include "plan/tensor.h"

namespace netlet::bindings::dlpack {

enum DeviceType : int32_t { on_cpu = 1, on_cuda = 2, on_other = 12 };
enum TypeCode : uint8_t { integer = 0, unsigned_integer = 1, floating = 2, bfloat = 4, boolean = 6 };

struct Array {
    void* data;
    int32_t device_type, device_index;
    int32_t rank;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t* shape;
    int64_t* strides;  // in elements; null: row-major (before version 1.2)
    uint64_t byte_offset;
};

// What a capsule named `fresh` points to. Its receiver renames the capsule `used` and calls `deleter` later.
struct Managed {
    static constexpr const char *fresh = "dltensor", *used = "used_dltensor";
    Array array;
    void* context;
    void (*deleter)(Managed*);
};

struct Version {
    uint32_t major, minor;
};

// The same since version 1.0.
struct ManagedVersioned {
    static constexpr const char *fresh = "dltensor_versioned", *used = "used_dltensor_versioned";
    static constexpr Version version_written = {1, 1};
    static constexpr uint64_t read_only = 1, is_copied = 2;  // bits of `flags`
    Version version;
    void* context;
    void (*deleter)(ManagedVersioned*);
    uint64_t flags;
    Array array;
};

// The tensor of a DLPack producer, an object with `__dlpack__`. It shares the producer's memory; host arrays that are
// strided, misaligned or of a dtype that netlet does not have are converted once.
struct Imported {
    Tensor tensor;
    bool shared;
};
Imported imported(pybind11::handle producer);

}  // namespace netlet::bindings::dlpack
