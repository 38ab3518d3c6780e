// Threads, instruction sets, and the precision of products.

#include "base/cpu_info.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "bindings/array_view.h"
#include "bindings/bindings.h"
#include "dispatch/dispatch.h"
#include "ops/conv/winograd.h"
#include "ops/gemm/gemm_choice.h"
#include "plan/guarded_launch.h"

// C symbols, so that threadpoolctl and C programs can read and set netlet's threads as they do OpenBLAS's. C has no
// exceptions: an invalid NETLET_NUM_THREADS is reported at the first use from Python and ignored here.
extern "C" NETLET_EXPORT int netlet_get_num_threads() {
    try {
        return netlet::ThreadPool::instance().num_threads();
    } catch (const std::exception&) {
        return netlet::usable_cpus();
    }
}
extern "C" NETLET_EXPORT void netlet_set_num_threads(int n) {
    try {
        netlet::ThreadPool::instance().set_num_threads(n);
    } catch (const std::exception&) {
    }
}

namespace netlet::bindings {

void bind_runtime(py::module_& m) {
    using namespace py::literals;
    m.def("get_num_threads", [] { return ThreadPool::instance().num_threads(); });
    m.def("set_num_threads", [](int n) { ThreadPool::instance().set_num_threads(n); }, "n"_a, NoGil());
    m.def("workers_started", [] { return ThreadPool::instance().workers_started(); });
    m.def("usable_cpus", &usable_cpus);
    m.def("active_isa", &active_isa);
    m.def("supported_isas", &supported_isas);
    m.def("force_isa", &force_isa, "name"_a);
    m.def("kernel_names", &kernel_names);
    m.def("kernel_tables", &kernel_tables);
    m.def("guard_launches", &guard_launches, "on"_a);
    m.def("guarded_kernels", &guarded_kernels);
    m.def("allow_tf32", &ops::allow_tf32, "allowed"_a);
    m.def("is_tf32_allowed", &ops::is_tf32_allowed);
    m.def("keep_convolutions_exact", &ops::keep_convolutions_exact, "on"_a);
    m.def("convolutions_are_exact", &ops::convolutions_are_exact);
    m.def("reset_eager_streams", &Tape::reset_eager_streams);
}

}  // namespace netlet::bindings
