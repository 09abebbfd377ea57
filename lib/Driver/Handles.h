//===- Handles.h - the runtime's handles as owners ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FRIT_LIB_DRIVER_HANDLES_H
#define FRIT_LIB_DRIVER_HANDLES_H

#include "frit/Runtime/Runtime.h"
#include "frit/Support/Result.h"

#include <memory>

namespace frit::driver {

struct HandleDeleter {
  void operator()(frit_model *model) const { frit_model_close(model); }
  void operator()(frit_session *session) const { frit_session_free(session); }
  void operator()(frit_sampler *sampler) const { frit_sampler_free(sampler); }
  void operator()(frit_decoder *decoder) const { frit_decoder_free(decoder); }
};

using ModelHandle = std::unique_ptr<frit_model, HandleDeleter>;
using SessionHandle = std::unique_ptr<frit_session, HandleDeleter>;
using SamplerHandle = std::unique_ptr<frit_sampler, HandleDeleter>;
using DecoderHandle = std::unique_ptr<frit_decoder, HandleDeleter>;

/// What the last call of the runtime failed with.
inline Failure runtimeFailure() { return Failure(frit_last_error()); }

inline frit_model_info modelInfo(const frit_model *model) {
  frit_model_info info = {};
  info.size = sizeof(info);
  frit_model_get_info(model, &info);
  return info;
}

} // namespace frit::driver

#endif // FRIT_LIB_DRIVER_HANDLES_H
