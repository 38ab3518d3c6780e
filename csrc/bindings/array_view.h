// Conversion between Python objects and Tensors. Arguments may be netlet Tensors, Variables (anything with `_tensor`),
// NumPy arrays of any layout, DLPack producers, scalars and nested lists. Contiguous arrays of our dtypes are borrowed,
// never copied; everything else is converted once. Results are always Tensors.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <variant>

#include "bindings/dtype_name.h"
#include "bindings/gil.h"
#include "plan/tape.h"

namespace netlet::bindings {

namespace py = pybind11;

struct SymbolicArgument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using Number = std::variant<bool, int64_t, double>;

// An array-like argument of an op.
struct Arg {
    Tensor tensor;        // a Python number is float32, int32 (int64 if it needs that) or bool
    bool native = false;  // came as a Tensor or a Variable
    // The Python number, unrounded: next to another operand it takes that operand's dtype.
    std::optional<Number> number;
    // The half that it was given in, or that of the layer in whose call it is a Variable; float32: neither.
    DType half = DType::f32;
    operator const Tensor&() const { return tensor; }
    const TensorImpl* operator->() const { return tensor.get(); }
};

// The same for ops that take halves (float16, bfloat16) as they are stored: cast, and ops that only move bytes. For
// every other op a half is first cast to float32; gradients flow through that cast.
struct StoredArg : Arg {};

// The same for weights and statistics of a layer: the result of the op does not depend on their dtype (see halves.h).
struct WeightArg : Arg {};
struct StoredWeightArg : WeightArg {};

Arg to_arg(py::handle object);
Arg in_float32(Arg a);              // a half as float32, anything else as it is
DType lone_dtype(const Number& n);  // of a Python number without another operand, as in Keras
Tensor number_as(const Number& n, DType dtype);
Tensor unrounded(const Arg& a);  // a Python number as float64, int64 or bool; anything else as it is

// The half that the layer in progress computes in, float32 if none; of this thread.
DType autocast_dtype();
DType set_autocast_dtype(DType half);  // returns the previous one
// Whether other libraries may not write the tensor's memory: a Variable's, which only ops write, or one that netlet may
// not write either.
bool is_read_only(const TensorImpl& t);
// Shares the tensor's memory; read-only where it is a Variable's, unless `writable`.
py::array to_ndarray(const Tensor& t, bool writable = false);

template <class T> Tensor or_null(const std::optional<T>& a) { return a ? a->tensor : nullptr; }

std::optional<DType> own_dtype(const py::dtype& d);  // nullopt if netlet has none that is the same
py::dtype to_numpy(DType t);                         // bfloat16: that of the package ml_dtypes
DType to_dtype(py::handle object);                   // "float32", np.float32, np.dtype(...), float, ...
Shape to_shape(py::handle object);
int64_t to_int64(py::handle object);  // TypeError if it is no integer, OverflowError if int64 cannot hold it
py::tuple from_shape(const Shape& s);

// What the call of an op holds: it runs where its operands are, without the GIL.
using NoGil = py::call_guard<OperandScope, GilReleased>;

}  // namespace netlet::bindings

namespace pybind11::detail {

// None as an argument is a TypeError; pybind11 would pass a null pointer. Arguments that may be None are optional.
template <class T> struct holder_that_is_not_null : copyable_holder_caster<T, std::shared_ptr<T>> {
    bool load(handle src, bool convert) {
        return !src.is_none() && copyable_holder_caster<T, std::shared_ptr<T>>::load(src, convert);
    }
};
template <> struct type_caster<netlet::Tensor> : holder_that_is_not_null<netlet::TensorImpl> {};
template <> struct type_caster<netlet::Rows> : holder_that_is_not_null<netlet::RowMap> {};

template <> struct type_caster<netlet::bindings::Arg> {
    PYBIND11_TYPE_CASTER(netlet::bindings::Arg, const_name("ArrayLike"));
    bool load(handle src, bool) {
        if (src.is_none()) return false;
        value = netlet::bindings::in_float32(netlet::bindings::to_arg(src));
        return true;
    }
};

template <> struct type_caster<netlet::bindings::StoredArg> {
    PYBIND11_TYPE_CASTER(netlet::bindings::StoredArg, const_name("ArrayLike"));
    bool load(handle src, bool) {
        if (src.is_none()) return false;
        value = {netlet::bindings::to_arg(src)};
        return true;
    }
};

template <> struct type_caster<netlet::bindings::WeightArg> {
    PYBIND11_TYPE_CASTER(netlet::bindings::WeightArg, const_name("ArrayLike"));
    bool load(handle src, bool) {
        if (src.is_none()) return false;
        value = {netlet::bindings::in_float32(netlet::bindings::to_arg(src))};
        return true;
    }
};

template <> struct type_caster<netlet::bindings::StoredWeightArg> {
    PYBIND11_TYPE_CASTER(netlet::bindings::StoredWeightArg, const_name("ArrayLike"));
    bool load(handle src, bool) {
        if (src.is_none()) return false;
        value = {{netlet::bindings::to_arg(src)}};
        return true;
    }
};

template <> struct type_caster<netlet::Shape> {
    PYBIND11_TYPE_CASTER(netlet::Shape, const_name("Sequence[int]"));
    bool load(handle src, bool) {
        value = netlet::bindings::to_shape(src);
        return true;
    }
    static handle cast(const netlet::Shape& s, return_value_policy, handle) {
        return netlet::bindings::from_shape(s).release();
    }
};

template <> struct type_caster<netlet::DType> {
    PYBIND11_TYPE_CASTER(netlet::DType, const_name("str"));
    bool load(handle src, bool) {
        value = netlet::bindings::to_dtype(src);
        return true;
    }
    static handle cast(netlet::DType t, return_value_policy, handle) { return netlet::bindings::dtype_name(t); }
};

}  // namespace pybind11::detail
