//===- Calibrate.cpp - frit calibrate --------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Calibrate.h"

#include "dialects/Machine/Machine.h"
#include "frit/Machine/MachineModel.h"
#include "lib/Driver/DescribeMachine.h"
#include "lib/Driver/MeasureKernels.h"
#include "lib/Driver/Output.h"
#include "lib/Driver/Version.h"
#include "lib/Machine/Host.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace frit;
using namespace frit::driver;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;

/// "3.68 G" of the unit that a measurement has.
static std::string valueText(const Measurement &measurement, double value) {
  StringRef what = measurement.what;
  StringRef unit = what.starts_with("reading") || what.starts_with("writing") ? "B/s"
                   : what.starts_with("a barrier")                            ? "s"
                                                                              : "op/s";
  return siText(value, unit);
}

/// What is wrong when the samples of a measurement disagree.
static Status requireAgreement(llvm::ArrayRef<const Measurement *> measurements, double tolerance) {
  const Measurement *worst = nullptr;
  for (const Measurement *measurement : measurements)
    if (!worst || measurement->spread() > worst->spread())
      worst = measurement;
  if (!worst || worst->spread() * 100 <= tolerance)
    return {};
  return Failure(
      "the machine is too busy to measure: of ", worst->samples.size(), " measurements of ",
      worst->what, " the middle half lay between ", valueText(*worst, worst->firstQuartile()),
      " and ", valueText(*worst, worst->thirdQuartile()),
      fmt::format(", {:.0f} % apart, expected at most {:.3g} %", worst->spread() * 100, tolerance));
}

//===----------------------------------------------------------------------===//
// The description
//===----------------------------------------------------------------------===//

static Object figure(const Measurement &measurement, bool isRate, StringRef scope) {
  Object result{{"value", measurement.median()},
                {"provenance", "measured"},
                {"source", "calibrate"},
                {"note", fmt::format("{}; the middle half within {:.1f} %", measurement.what,
                                     measurement.spread() * 100)}};
  if (isRate)
    result["scope"] = scope;
  return result;
}

static Object systemFigure(int64_t value) {
  return Object{{"value", value}, {"provenance", "measured"}, {"source", "system"}};
}

/// `kernels`: null as long as nothing can be compiled for the machine; rates are then those that
/// instructions have alone.
static std::string describeHost(const CpuMeasurements &measurements,
                                const KernelMeasurements *kernels, StringRef isa,
                                StringRef instruction) {
  Object result{
      {"name", isa},
      {"like", isa},
      {"summary", hostName() + ", as frit calibrate measured it"},
      {"kind", "cpu"},
      {"host", machine::hostIdentity()},
      {"sources", Object{{"calibrate", fmt::format("frit calibrate, median of {} measurements",
                                                   measurements.clock.samples.size())},
                         {"system", "what the system says (sched_getaffinity, "
                                    "/sys/devices/system/cpu/cpu0/cache)"}}},
      {"cores", systemFigure(measurements.threads)},
      {"clock_hz", figure(measurements.clock, false, "")},
      {"f32_ops_per_second",
       figure(kernels ? kernels->rows : measurements.multiplyAdds, true, "core")}};
  if (kernels)
    result["exp_per_second"] = figure(kernels->exponentials, true, "core");
  if (!measurements.barrier.samples.empty())
    result["barrier_seconds"] = figure(measurements.barrier, false, "");
  Array memories, datapaths;
  for (const auto &[cache, reading, writing] :
       llvm::zip_equal(measurements.caches, measurements.cached, measurements.written)) {
    std::string name = "l" + std::to_string(cache.level);
    bool isShared = cache.sharers > 1;
    if (isShared)
      result["clusters"] = systemFigure(
          std::max<int64_t>(1, (measurements.threads + cache.sharers - 1) / cache.sharers));
    Object memory{{"name", name},
                  {"scope", isShared ? "cluster" : "core"},
                  {"bytes", systemFigure(cache.bytes)}};
    if (cache.lineBytes > 0)
      memory["alignment_bytes"] = systemFigure(cache.lineBytes);
    memories.push_back(std::move(memory));
    datapaths.push_back(Object{{"from", name},
                               {"to", "registers"},
                               {"bytes_per_second", figure(reading, true, "core")},
                               {"source", "system"}});
    datapaths.push_back(Object{{"from", "registers"},
                               {"to", name},
                               {"bytes_per_second", figure(writing, true, "core")},
                               {"source", "system"}});
  }
  memories.push_back(
      Object{{"name", "dram"}, {"bytes_per_second", figure(measurements.memory, true, "machine")}});
  datapaths.push_back(Object{{"from", "dram"},
                             {"to", "registers"},
                             {"bytes_per_second", figure(measurements.memoryAlone, true, "core")}});
  result["memories"] = std::move(memories);
  result["datapaths"] = std::move(datapaths);
  Array instructions;
  instructions.push_back(Object{
      {"name", instruction},
      {"ops_per_second", figure(kernels ? kernels->products : measurements.dots, true, "core")}});
  // Of an instruction set without matrix units, vectors multiply f32: faster than they do row ops.
  if (kernels)
    instructions.push_back(Object{{"name", "multiply-add"},
                                  {"m", 1},
                                  {"n", 1},
                                  {"k", 1},
                                  {"lhs", "f32"},
                                  {"rhs", "f32"},
                                  {"acc", "f32"},
                                  {"source", "calibrate"},
                                  {"ops_per_second", figure(kernels->attention, true, "core")}});
  result["instructions"] = std::move(instructions);
  return llvm::formatv("{0:2}", llvm::json::Value(std::move(result))).str() + "\n";
}

static Status writeDescription(StringRef text, StringRef path) {
  StringRef directory = llvm::sys::path::parent_path(path);
  if (!directory.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(directory))
      return Failure("cannot create ", std::string_view(directory), ": ", error.message());
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    stream << text;
    return llvm::Error::success();
  });
  if (error)
    return Failure("cannot write ", std::string_view(path), ": ", llvm::toString(std::move(error)));
  return {};
}

static Status run(const CalibrateOptions &options) {
  std::string path = options.output;
  if (path.empty()) {
    Result<std::string> found = machine::calibrationPath();
    if (!found)
      return found.takeFailure();
    path = *found;
  }
  std::string isa = detectMachine();
  Result<machine::MachineDescription> base = describeMachine(isa);
  if (!base)
    return base.takeFailure();
  if (machine::hostIdentity().empty() || base->instructions.empty())
    return Failure("cannot tell which CPU this is");
  VectorLevel level = VectorLevel::SSE2;
  if (llvm::is_contained(base->features, "avx512vnni"))
    level = VectorLevel::AVX512;
  else if (llvm::is_contained(base->features, "avx2"))
    level = VectorLevel::AVX2;
  Result<CpuMeasurements> measurements = measureCpu(level, options.rounds);
  if (!measurements)
    return measurements.takeFailure();
  std::vector<const Measurement *> all = measurements->all();
  if (Status status = requireAgreement(all, options.tolerance); !status)
    return status;
  StringRef instruction = base->instructions.front().name;
  llvm::SmallString<128> raw;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("frit-machine", "json", raw))
    return Failure("cannot create a temporary file: ", error.message());
  llvm::FileRemover remover(raw);
  if (Status status = writeDescription(describeHost(*measurements, nullptr, isa, instruction), raw);
      !status)
    return status;
  Result<KernelMeasurements> kernels = measureKernels(std::string(raw), options.rounds);
  if (!kernels)
    return kernels.takeFailure();
  for (const Measurement *measurement :
       {&kernels->rows, &kernels->products, &kernels->attention, &kernels->exponentials})
    all.push_back(measurement);
  if (Status status = requireAgreement(all, options.tolerance); !status)
    return status;
  std::string text = describeHost(*measurements, &*kernels, isa, instruction);
  mlir::MLIRContext context;
  if (Result<machine::TargetAttr> target = parseMachine(text, path, context); !target)
    return target.takeFailure();
  if (Status status = writeDescription(text, path); !status)
    return status;
  for (const Measurement *measurement : all)
    llvm::outs() << fmt::format("{:34} {:>14}   within {:.1f} %\n", measurement->what,
                                valueText(*measurement, measurement->median()),
                                measurement->spread() * 100);
  llvm::outs() << path << ": written\n";
  return {};
}

int frit::driver::calibrate(const CalibrateOptions &options) {
  if (Status status = run(options); !status) {
    printError(status.error());
    return ExitFailure;
  }
  return ExitSuccess;
}
