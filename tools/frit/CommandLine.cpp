//===- CommandLine.cpp - commands and the options they share --------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/frit/CommandLine.h"

#include "lib/Driver/Output.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;
using namespace frit;
using namespace frit::driver;

/// One token is decoding, which has code of its own. Buffers hold so many rows that more gains
/// nothing.
static constexpr int64_t leastTokens = 2, mostTokens = 65536;

int frit::driver::usageError(StringRef command, StringRef message) {
  std::string text = message.str() + "\nsee 'frit ";
  if (!command.empty())
    text += command.str() + " ";
  printError(text + "--help'");
  return ExitUsage;
}

namespace {
/// Keeps what is written to standard error while it lives: LLVM prints what is wrong with the value
/// of an option right there.
class ErrorCapture {
public:
  ErrorCapture() : saved(dup(STDERR_FILENO)), memory(memfd_create("errors", MFD_CLOEXEC)) {
    if (saved >= 0 && memory >= 0)
      dup2(memory, STDERR_FILENO);
  }
  ~ErrorCapture() { end(); }

  std::string end() {
    std::string text;
    if (saved >= 0 && memory >= 0) {
      dup2(saved, STDERR_FILENO);
      text.resize(static_cast<size_t>(lseek(memory, 0, SEEK_END)));
      ssize_t length = pread(memory, text.data(), text.size(), 0);
      text.resize(static_cast<size_t>(std::max<ssize_t>(length, 0)));
    }
    for (int *file : {&saved, &memory})
      if (*file >= 0)
        close(std::exchange(*file, -1));
    return text;
  }

private:
  int saved, memory;
};
} // namespace

/// One of LLVM's messages in the shape of ours, without the program and the way to the help:
///   Unknown command line argument '--tmp'.  Try: 'frit run --help'
///   for the -n option: 'x' value invalid for long argument!
static std::string cleanMessage(StringRef line) {
  line.consume_front("frit: ");
  line = line.split("  Try: ").first.split(" See: ").first.rtrim(".!?: ");
  if (line.starts_with("Too many positional"))
    return "expected only one MODEL";
  auto [option, problem] = line.split(" option: ");
  if (!option.consume_front("for the "))
    return (Twine(toLower(line.front())) + line.drop_front()).str();
  auto [value, kind] = problem.split(" value invalid for ");
  if (kind.empty())
    return (option + ": " + problem).str();
  StringRef expected = kind.starts_with("float") ? "a number"
                       : kind.starts_with("u")   ? "a whole number from 0"
                       : kind.starts_with("long") || kind.starts_with("int") ? "a whole number"
                                                                             : "another value";
  return (option + ": expected " + expected + ", found " + value).str();
}

static std::string cleanMessages(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::string message;
  for (StringRef line : lines)
    if (!line.starts_with("Can specify at most"))
      message += (message.empty() ? "" : "; ") + cleanMessage(line);
  return message;
}

void CommandLine::adopt(StringRef prefix) {
  for (auto [name, option] : cl::getRegisteredOptions())
    if (name.starts_with(prefix) && command.OptionsMap.try_emplace(name, option).second)
      adopted.push_back(option);
}

std::optional<int> CommandLine::parse(int argc, char **argv) {
  DenseMap<StringRef, cl::Option *> &options = cl::getRegisteredOptions(command);
  cl::HideUnrelatedOptions(category, command);
  for (cl::Option *option : adopted)
    option->setHiddenFlag(cl::Hidden);
  // There are so few options that a list of them says no more than --help.
  for (StringRef name : {"help-list", "help-list-hidden"})
    options.erase(name);
  std::string errors;
  raw_string_ostream stream(errors);
  ErrorCapture capture;
  // Usage lines and messages name the program, not the path to it.
  std::vector<const char *> arguments(argv, argv + argc);
  arguments[0] = "frit";
  bool parsed = cl::ParseCommandLineOptions(argc, arguments.data(), "", &stream, nullptr, nullptr,
                                            /*LongOptionsUseDoubleDash=*/true);
  errors = capture.end() + errors;
  if (parsed)
    return std::nullopt;
  return usageError(command.getName(), cleanMessages(errors));
}

ModelArguments::ModelArguments(CommandLine &line)
    : model(line, cl::Positional, cl::desc("MODEL")),
      target(line, "target", cl::value_desc("name"), cl::init("native"),
             cl::desc("Machine to compile for: native (default), a name from\n"
                      "'frit targets', or a description (.json)")),
      activations(line, "activations", cl::value_desc("int8|f32"), cl::init("int8"),
                  cl::desc("Products with quantized weights: int8 (default) multiplies integers,\n"
                           "f32 is exact")),
      kvCacheType(line, "kv-cache-type", cl::value_desc("f16|f32"), cl::init("f16"),
                  cl::desc("How keys and values are stored: f16 (default) or f32")),
      fusion(line, "fusion", cl::value_desc("planned|all|none"), cl::init("planned"),
             cl::desc(
                 "How ops are cut into phases: planned (default) asks the planner, all makes few,\n"
                 "none one for each op, to measure what fusion gains and to find a fault")),
      weights(line, "weights", cl::value_desc("directory"),
              cl::desc("Where the weights of a .mlir model are, if not beside it")),
      archSpec(line, "arch-spec", cl::value_desc("file.json"),
               cl::desc("Record of the model's architecture to use")),
      like(line, "like", cl::value_desc("name"),
           cl::desc("Treat the model as this architecture, one from 'frit archs'")),
      maxTokens(line, "max-tokens", cl::value_desc("tokens"), cl::init(PipelineOptions().maxTokens),
                cl::desc("How many tokens of a prompt are evaluated together at most\n(default: "
                         "512)")) {}

Result<CompileRequest> ModelArguments::request() const {
  CompileRequest request;
  if (!model.given())
    return Failure("expected a MODEL: a bundle, ", std::string_view(sourceKinds));
  request.path = model;
  for (const Option<std::string> *option :
       {&target, &activations, &kvCacheType, &fusion, &weights, &archSpec, &like})
    if (option->given())
      request.given.push_back(option->ArgStr.str());
  if (maxTokens.given())
    request.given.push_back(maxTokens.ArgStr.str());
  if (maxTokens < leastTokens || maxTokens > mostTokens)
    return Failure("--max-tokens: expected ", leastTokens, " to ", mostTokens, ", found ",
                   maxTokens.getValue());
  if (activations != "int8" && activations != "f32")
    return Failure("--activations: expected int8 or f32, found '", activations.getValue(), "'");
  if (kvCacheType != "f16" && kvCacheType != "f32")
    return Failure("--kv-cache-type: expected f16 or f32, found '", kvCacheType.getValue(), "'");
  if (fusion != "all" && fusion != "none" && fusion != "planned")
    return Failure("--fusion: expected planned, all or none, found '", fusion.getValue(), "'");
  CompilerOptions &options = request.options;
  options.target = target;
  options.pipeline.activations = activations;
  options.pipeline.kvCacheType = kvCacheType;
  options.pipeline.fusion = fusion;
  options.pipeline.maxTokens = maxTokens;
  options.weightsDirectory = weights;
  options.archSpecPath = archSpec;
  options.like = like;
  return request;
}

HugePagesArgument::HugePagesArgument(CommandLine &line)
    : Option(line, "huge-pages", cl::value_desc("auto|on|off"), cl::init("auto"),
             cl::desc("Copy the weights into huge pages: faster, but memory of this process\n"
                      "alone; auto (default): if it takes less than a third of what is free")) {}

Result<HugePages> HugePagesArgument::value() const {
  if (getValue() == "auto")
    return HugePages::Auto;
  if (getValue() == "on")
    return HugePages::On;
  if (getValue() == "off")
    return HugePages::Off;
  return Failure("--huge-pages: expected auto, on or off, found '", getValue(), "'");
}
