// What module.cpp puts into netlet._core; one function a file.
#pragma once
#include <pybind11/pybind11.h>

namespace netlet::bindings {

void bind_runtime(pybind11::module_& m);  // threads, instruction sets
void bind_dtype_name(pybind11::module_& m);
void bind_tensor(pybind11::module_& m);
void bind_tape(pybind11::module_& m);
void bind_plan(pybind11::module_& m);
void bind_copy(pybind11::module_& m);
void bind_gemm(pybind11::module_& m);
void bind_conv(pybind11::module_& m);
void bind_rnn(pybind11::module_& m);
void bind_activation(pybind11::module_& m);
void bind_softmax(pybind11::module_& m);
void bind_attention(pybind11::module_& m);
void bind_norm(pybind11::module_& m);
void bind_elementwise(pybind11::module_& m);
void bind_reduce(pybind11::module_& m);
void bind_shape(pybind11::module_& m);
void bind_index(pybind11::module_& m);
void bind_sort(pybind11::module_& m);
void bind_loss(pybind11::module_& m);
void bind_ctc(pybind11::module_& m);
void bind_metric(pybind11::module_& m);
void bind_optim(pybind11::module_& m);
void bind_quant(pybind11::module_& m);
void bind_random(pybind11::module_& m);
void bind_pool(pybind11::module_& m);
void bind_image(pybind11::module_& m);

}  // namespace netlet::bindings
