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

// Throws the exception that a function raised during a run of a plan on this thread, if one did. `record` is where the
// run stopped; the exception gets a note with its layer and kernel (Python 3.11 on).
void raise_from_host_call(const Record& record);
// Makes the current Python exception the one that the next two functions are about. With the GIL held, as they.
void keep_host_call_error();
// Forgets that exception.
void forget_host_call_error();

}  // namespace netlet::bindings
