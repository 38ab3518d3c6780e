// The structs of DLPack (https://dmlc.github.io/dlpack, version 0.x), by which libraries hand arrays to each other.
#pragma once
#include <cstdint>

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
    int64_t* strides;  // null: row-major
    uint64_t byte_offset;
};

// What a capsule named "dltensor" points to. Its receiver renames the capsule "used_dltensor" and calls `deleter` later.
struct Managed {
    Array array;
    void* context;
    void (*deleter)(Managed*);
};

}  // namespace netlet::bindings::dlpack
