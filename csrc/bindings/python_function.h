// Functions of Python that native code calls: as a step of a plan, as the gradient of an op.
#pragma once
#include <memory>

#include "bindings/array_view.h"

namespace netlet {

struct Record;

}  // namespace netlet

namespace netlet::bindings {

// A reference to a callable that native code may copy and drop with or without the GIL.
class PythonFunction {
  public:
    explicit PythonFunction(const py::object& fn);  // with the GIL held; TypeError if it cannot be called
    // Calls it, with the GIL held. Throws py::error_already_set.
    py::object operator()(const py::tuple& args) const;
    PyObject* get() const { return fn_.get(); }

  private:
    std::shared_ptr<PyObject> fn_;
};

// A function that raises ends the run of its plan. Its exception is saved for the thread that runs the plan, which
// raises or drops it after the run. The next three functions are called with the GIL held.
void keep_host_call_error();  // saves the current Python exception
// Throws the saved exception, if there is one. `record` is where the run stopped; the exception gets a note with its
// layer and kernel (Python 3.11 on).
void raise_from_host_call(const Record& record);
void forget_host_call_error();  // drops it

}  // namespace netlet::bindings
