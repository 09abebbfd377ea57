//===- Bench.cpp - frit bench ---------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Bench.h"

#include "lib/Driver/Output.h"
#include "tools/frit/CommandLine.h"

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct BenchArguments : CommandLine {
  BenchArguments() : CommandLine("bench", "Measure how fast a model reads and writes") {}

  ModelArguments model{*this};
  Option<std::string> prompts{*this,
                              "p",
                              cl::Prefix,
                              cl::value_desc("tokens"),
                              cl::init("512"),
                              cl::desc("Prompts to evaluate, each a test (default: 512; 0: none).\n"
                                       "All numbers may be lists and ranges: 128,512 or 8-64*2")};
  Option<std::string> generations{*this,
                                  "n",
                                  cl::Prefix,
                                  cl::value_desc("tokens"),
                                  cl::init("128"),
                                  cl::desc("Tokens to generate, each a test (default: 128; 0: "
                                           "none)")};
  cl::list<std::string> both{"pg", cl::value_desc("prompt,tokens"), cl::sub(command),
                             cl::cat(category), cl::desc("A prompt and an answer in one test")};
  Option<std::string> depths{
      *this,         "d",
      cl::Prefix,    cl::value_desc("tokens"),
      cl::init("0"), cl::desc("Tokens in the cache before each test (default: 0)")};
  Option<std::string> threads{*this, "threads", cl::value_desc("number"),
                              cl::desc("Threads (default: one a CPU)")};
  cl::alias threadsShort{"t", cl::Prefix, cl::NotHidden, cl::desc("Same as --threads"),
                         cl::aliasopt(threads)};
  HugePagesArgument hugePages{*this};
  Option<int64_t> repetitions{*this,       "r",
                              cl::Prefix,  cl::value_desc("number"),
                              cl::init(5), cl::desc("How often each test is run (default: 5)")};
  Option<bool> noWarmUp{*this, "no-warmup", cl::desc("Do not run each test once before")};
  Option<std::string> output{*this,
                             "o",
                             cl::Prefix,
                             cl::value_desc("md|json"),
                             cl::init("md"),
                             cl::desc("Print a table (md, default) or a list with llama-bench's "
                                      "keys (json)")};

  Result<BenchOptions> options() const;
};
} // namespace

Result<BenchOptions> BenchArguments::options() const {
  BenchOptions options;
  Result<CompileRequest> request = model.request();
  if (!request)
    return request.takeFailure();
  options.model = *std::move(request);
  for (auto [option, values] :
       {std::pair(&prompts, &options.prompts), std::pair(&generations, &options.generations),
        std::pair(&depths, &options.depths), std::pair(&threads, &options.threads)}) {
    if (option == &threads && !threads.given()) {
      values->push_back(0);
      continue;
    }
    Result<std::vector<int64_t>> parsed = parseRange(*option);
    if (!parsed)
      return parsed.takeFailure().in((option == &threads ? "--" : "-") + option->ArgStr.str());
    *values = *std::move(parsed);
    if (option == &threads && is_contained(*values, 0))
      return Failure("--threads: expected at least 1, found 0");
  }
  // With -pg alone there are no other tests, as in llama-bench.
  if (!both.empty() && !prompts.given() && !generations.given()) {
    options.prompts = {0};
    options.generations = {0};
  }
  for (const std::string &pair : both) {
    auto [prompt, generation] = StringRef(pair).split(',');
    int64_t numbers[2] = {};
    if (prompt.getAsInteger(10, numbers[0]) || generation.getAsInteger(10, numbers[1]) ||
        numbers[0] < 0 || numbers[1] < 0)
      return Failure("--pg: expected two numbers, as 512,128; found '", pair, "'");
    options.both.push_back({numbers[0], numbers[1]});
  }
  if (repetitions < 1)
    return Failure("-r: expected at least 1, found ", repetitions.getValue());
  options.repetitions = repetitions;
  options.warmUp = !noWarmUp;
  if (output != "md" && output != "json")
    return Failure("-o: expected md or json, found '", output.getValue(), "'");
  options.json = output == "json";
  Result<HugePages> pages = hugePages.value();
  if (!pages)
    return pages.takeFailure();
  options.hugePages = *pages;
  return options;
}

int frit::driver::benchCommand(int argc, char **argv) {
  BenchArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  Result<BenchOptions> options = arguments.options();
  if (!options)
    return usageError("bench", options.error());
  return benchModel(*options);
}
