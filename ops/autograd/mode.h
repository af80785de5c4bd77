// Whether operators record: flags of the running thread.
#pragma once

namespace tsvm::ops::autograd {

struct ThreadModes {
  bool grad = true;        // torch.no_grad() and friends
  bool inference = false;  // torch.inference_mode()
  bool anomaly = false;    // torch.autograd.detect_anomaly(): backward refuses NaN
};
extern thread_local constinit ThreadModes modes;

/// Operators on tensors that require grad make nodes.
inline bool grad_mode() { return modes.grad; }
inline void set_grad_mode(bool on) { modes.grad = on; }
inline bool inference_mode() { return modes.inference; }
inline void set_inference_mode(bool on) { modes.inference = on; }

inline bool anomaly_mode() { return modes.anomaly; }
inline void set_anomaly_mode(bool on) { modes.anomaly = on; }

/// Grad mode for the life of this object.
class GradMode {
 public:
  explicit GradMode(bool on) : before_(modes.grad) { modes.grad = on; }
  ~GradMode() { modes.grad = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};

}  // namespace tsvm::ops::autograd
