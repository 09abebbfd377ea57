//===- MeasureKernels.cpp - how fast the code is that frit generates here ---===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MeasureKernels.h"

#include "lib/Driver/MeasurePhases.h"
#include "lib/Driver/Workload.h"
#include "lib/Import/Convert.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace frit;
using namespace frit::driver;
using llvm::json::Array;
using llvm::json::Object;

/// The fastest run of a round counts: others were disturbed.
static constexpr unsigned runsOfRound = 3;

namespace {
/// The model: as small as fills caches like one of a billion weights.
struct Probe {
  static constexpr int64_t hidden = 1024, ffn = 2816, heads = 16, kvHeads = 8, headDim = 64,
                           layers = 2, vocabulary = 1024, tokens = 512;
};

/// A phase, with the samples of its seconds.
struct Sampled {
  const workload::PhaseReport *phase;
  std::vector<double> seconds; ///< One a round.
};
} // namespace

static Status writeFile(const std::string &path, llvm::StringRef text, uint64_t bytes) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error) {
    stream << text;
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  int file = -1;
  if (!error)
    error = llvm::sys::fs::openFileForWrite(path, file, llvm::sys::fs::CD_OpenExisting);
  if (!error)
    error = llvm::sys::fs::resize_file_sparse(file, bytes);
  if (file >= 0)
    llvm::sys::Process::SafelyCloseFileDescriptor(file);
  if (error)
    return Failure("cannot write ", path, ": ", error.message());
  return {};
}

/// A Hugging Face directory whose weights are a hole in a file.
static Status writeProbe(const std::string &directory) {
  Object config{{"model_type", "llama"},
                {"architectures", Array{"LlamaForCausalLM"}},
                {"hidden_size", Probe::hidden},
                {"intermediate_size", Probe::ffn},
                {"num_attention_heads", Probe::heads},
                {"num_key_value_heads", Probe::kvHeads},
                {"head_dim", Probe::headDim},
                {"num_hidden_layers", Probe::layers},
                {"vocab_size", Probe::vocabulary},
                {"max_position_embeddings", 2 * Probe::tokens},
                {"rms_norm_eps", 1e-5},
                {"rope_theta", 10000.0},
                {"hidden_act", "silu"},
                {"tie_word_embeddings", true}};
  std::string text = llvm::formatv("{0}", llvm::json::Value(std::move(config))).str();
  if (Status status = writeFile(directory + "/config.json", text, text.size()); !status)
    return status;
  Object header;
  int64_t offset = 0;
  auto add = [&](const std::string &name, int64_t rows, int64_t columns) {
    int64_t bytes = rows * std::max<int64_t>(columns, 1) * 2;
    header[name] = Object{{"dtype", "BF16"},
                          {"shape", columns ? Array{rows, columns} : Array{rows}},
                          {"data_offsets", Array{offset, offset + bytes}}};
    offset += bytes;
  };
  add("model.embed_tokens.weight", Probe::vocabulary, Probe::hidden);
  add("model.norm.weight", Probe::hidden, 0);
  for (int64_t layer = 0; layer < Probe::layers; ++layer) {
    std::string prefix = "model.layers." + std::to_string(layer) + ".";
    add(prefix + "input_layernorm.weight", Probe::hidden, 0);
    add(prefix + "post_attention_layernorm.weight", Probe::hidden, 0);
    add(prefix + "self_attn.q_proj.weight", Probe::heads * Probe::headDim, Probe::hidden);
    add(prefix + "self_attn.k_proj.weight", Probe::kvHeads * Probe::headDim, Probe::hidden);
    add(prefix + "self_attn.v_proj.weight", Probe::kvHeads * Probe::headDim, Probe::hidden);
    add(prefix + "self_attn.o_proj.weight", Probe::hidden, Probe::heads * Probe::headDim);
    add(prefix + "mlp.gate_proj.weight", Probe::ffn, Probe::hidden);
    add(prefix + "mlp.up_proj.weight", Probe::ffn, Probe::hidden);
    add(prefix + "mlp.down_proj.weight", Probe::hidden, Probe::ffn);
  }
  std::string json = llvm::formatv("{0}", llvm::json::Value(std::move(header))).str();
  char length[8];
  llvm::support::endian::write64le(length, json.size());
  return writeFile(directory + "/model.safetensors", std::string(length, sizeof(length)) + json,
                   sizeof(length) + json.size() + static_cast<uint64_t>(offset));
}

/// The phases of the model in a call of many tokens, as `fusion` cuts them.
static Status sampleProbe(const CompileRequest &request, unsigned rounds,
                          workload::CallReport &report, std::vector<Sampled> &sampled,
                          double &cores) {
  WorkloadQuestion question;
  question.context = question.promptTokens = Probe::tokens;
  Result<std::unique_ptr<Workload>> workload = Workload::make(request, question);
  if (!workload)
    return workload.takeFailure();
  cores = static_cast<double>((*workload)->machine.cores);
  report = (*workload)->plan->reportOf((*workload)->prefillShape());
  // Nobody wants the model in the cache.
  std::string bundle = request.path + "." + request.options.pipeline.fusion + ".frit";
  Compilation compilation(request);
  if (Status status = compilation.load(); !status)
    return status;
  if (Status status = compilation.runTo(PhaseId::Lower); !status)
    return status;
  if (Status status = compilation.write(bundle); !status)
    return status;
  CompileRequest compiled;
  compiled.path = bundle;
  Result<std::vector<std::vector<std::vector<double>>>> samples =
      samplePhases(compiled, {&report}, static_cast<int>(rounds * runsOfRound));
  if (!samples)
    return samples.takeFailure();
  for (auto [phase, seconds] : llvm::zip_equal(report.phases, samples->front())) {
    Sampled &added = sampled.emplace_back(Sampled{&phase, {}});
    for (auto run = seconds.begin(); run != seconds.end(); run += runsOfRound)
      added.seconds.push_back(*std::min_element(run, run + runsOfRound));
  }
  return {};
}

/// `rate(phase, seconds)`, averaged in each round over the phases where it says something; of one
/// core.
template <typename Rate>
static Status addRates(Measurement &measurement, llvm::ArrayRef<Sampled> phases, unsigned rounds,
                       Rate rate) {
  for (unsigned round = 0; round < rounds; ++round) {
    double operations = 0, seconds = 0;
    for (const Sampled &sampled : phases) {
      auto [amount, time] = rate(*sampled.phase, sampled.seconds[round]);
      operations += amount;
      seconds += time;
    }
    if (seconds <= 0)
      return Failure("the machine is too busy to measure: ", measurement.what,
                     " seem to take no time");
    measurement.samples.push_back(operations / seconds);
  }
  return {};
}

static bool hasOp(const workload::PhaseReport &phase, llvm::StringRef name) {
  return llvm::any_of(phase.ops, [&](const workload::OpReport &op) { return op.name == name; });
}

Result<KernelMeasurements> frit::driver::measureKernels(const std::string &path, unsigned rounds) {
  llvm::SmallString<128> directory;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("frit-calibrate", directory))
    return Failure("cannot create a temporary directory: ", error.message());
  llvm::scope_exit remove([&] { llvm::sys::fs::remove_directories(directory); });
  std::string probe = std::string(directory) + "/probe", file = probe + ".gguf";
  if (std::error_code error = llvm::sys::fs::create_directory(probe))
    return Failure("cannot create ", probe, ": ", error.message());
  if (Status status = writeProbe(probe); !status)
    return status.takeFailure();
  {
    mlir::MLIRContext context(compilerRegistry());
    DiagnosticCollector diagnostics(context);
    ConvertOptions options;
    options.format = Format::Q8_0;
    if (Status status = convertToGGUF(probe, file, context, options); !status)
      return diagnostics.failure(status.error());
  }
  CompileRequest request;
  request.path = file;
  request.options.target = path;

  KernelMeasurements result;
  result.rows.what = "norms and quantization by one core";
  result.products.what = "int8 products of one core";
  result.attention.what = "f32 attention of one core";
  result.exponentials.what = "gated activations of one core";
  workload::CallReport fused, unfused;
  std::vector<Sampled> fusedPhases, unfusedPhases;
  double cores = 1;
  request.options.pipeline.fusion = "none";
  if (Status status = sampleProbe(request, rounds, unfused, unfusedPhases, cores); !status)
    return status.takeFailure();
  request.options.pipeline.fusion = "all";
  if (Status status = sampleProbe(request, rounds, fused, fusedPhases, cores); !status)
    return status.takeFailure();

  using Times = std::pair<double, double>;
  Status rows = addRates(result.rows, unfusedPhases, rounds,
                         [&](const workload::PhaseReport &phase, double seconds) {
                           const workload::Amounts &amounts = phase.amounts;
                           return hasOp(phase, "attn_norm") || hasOp(phase, "quantize")
                                      ? Times(amounts.vectorOps / cores, seconds)
                                      : Times();
                         });
  if (!rows)
    return rows.takeFailure();
  // What is left of a phase's time when the rest of its work has taken its own.
  double vectorRate = result.rows.median();
  auto without = [&](double seconds, double operations, double rate) {
    return seconds - operations / cores / rate;
  };
  Status exponentials =
      addRates(result.exponentials, unfusedPhases, rounds,
               [&](const workload::PhaseReport &phase, double seconds) {
                 const workload::Amounts &amounts = phase.amounts;
                 return hasOp(phase, "glu") ? Times(amounts.exps / cores,
                                                    without(seconds, amounts.vectorOps, vectorRate))
                                            : Times();
               });
  if (!exponentials)
    return exponentials.takeFailure();
  double expRate = result.exponentials.median();
  auto matrixSeconds = [&](const workload::Amounts &amounts, double seconds) {
    return without(without(seconds, amounts.vectorOps, vectorRate), amounts.exps, expRate);
  };
  auto matrixOps = [&](const workload::Amounts &amounts, cost::Number number) {
    return amounts.matrixOps[static_cast<size_t>(number)] / cores;
  };
  Status attention = addRates(result.attention, unfusedPhases, rounds,
                              [&](const workload::PhaseReport &phase, double seconds) {
                                return hasOp(phase, "attention")
                                           ? Times(matrixOps(phase.amounts, cost::Number::F32),
                                                   matrixSeconds(phase.amounts, seconds))
                                           : Times();
                              });
  if (!attention)
    return attention.takeFailure();
  Status products = addRates(result.products, fusedPhases, rounds,
                             [&](const workload::PhaseReport &phase, double seconds) {
                               double int8 = matrixOps(phase.amounts, cost::Number::I8);
                               // The logits are of one token.
                               return int8 > 0 && phase.function != "forward"
                                          ? Times(int8, matrixSeconds(phase.amounts, seconds))
                                          : Times();
                             });
  if (!products)
    return products.takeFailure();
  return result;
}
