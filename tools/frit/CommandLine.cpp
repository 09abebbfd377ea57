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

using namespace llvm;
using namespace frit;
using namespace frit::driver;

/// Buffers hold that many rows: more gains nothing.
static constexpr int64_t mostTokens = 65536;

int frit::driver::usageError(StringRef command, StringRef message) {
  std::string text = message.str() + "\nsee 'frit ";
  if (!command.empty())
    text += command.str() + " ";
  printError(text + "--help'");
  return ExitUsage;
}

/// LLVM's messages in the shape of ours: "frit: Unknown command line argument '--x'.  Try: ...".
static std::string cleanMessage(StringRef text, StringRef command) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::string message;
  for (StringRef line : lines) {
    line.consume_front("frit: ");
    line.consume_front("for the ");
    line = line.split("  Try: ").first.split(" See: ").first.rtrim(".!? ");
    if (line.starts_with("Must specify"))
      continue;
    std::string part = line.str();
    if (!part.empty())
      part[0] = toLower(part[0]);
    message += (message.empty() ? "" : "; ") + part;
  }
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
    if (cl::Option *option = options.lookup(name))
      option->setHiddenFlag(cl::ReallyHidden);
  std::string errors;
  raw_string_ostream stream(errors);
  // Usage lines and messages name the program, not the path to it.
  std::vector<const char *> arguments(argv, argv + argc);
  arguments[0] = "frit";
  if (cl::ParseCommandLineOptions(argc, arguments.data(), "", &stream, nullptr, nullptr,
                                  /*LongOptionsUseDoubleDash=*/true))
    return std::nullopt;
  return usageError(command.getName(), cleanMessage(errors, command.getName()));
}

ModelArguments::ModelArguments(CommandLine &line)
    : model(line, cl::Positional, cl::desc("MODEL")),
      target(line, "target", cl::value_desc("name"), cl::init("native"),
             cl::desc("Machine to compile for: native (default), a name from 'frit targets', or a "
                      "description (.json)")),
      activations(line, "activations", cl::value_desc("int8|f32"), cl::init("int8"),
                  cl::desc("Products with quantized weights: int8 (default) multiplies integers, "
                           "f32 is exact")),
      kvCacheType(line, "kv-cache-type", cl::value_desc("f16|f32"), cl::init("f16"),
                  cl::desc("How keys and values are stored: f16 (default) or f32")),
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
    return Failure("expected a MODEL: a GGUF file, a bundle or an .mlir file");
  request.path = model;
  for (const Option<std::string> *option :
       {&target, &activations, &kvCacheType, &weights, &archSpec, &like})
    if (option->given())
      request.given.push_back(option->ArgStr.str());
  if (maxTokens.given())
    request.given.push_back(maxTokens.ArgStr.str());
  if (maxTokens < 1 || maxTokens > mostTokens)
    return Failure("--max-tokens: expected 1 to ", mostTokens, ", found ", maxTokens.getValue());
  if (activations != "int8" && activations != "f32")
    return Failure("--activations: expected int8 or f32, found '", activations.getValue(), "'");
  if (kvCacheType != "f16" && kvCacheType != "f32")
    return Failure("--kv-cache-type: expected f16 or f32, found '", kvCacheType.getValue(), "'");
  CompilerOptions &options = request.options;
  options.target = target;
  options.pipeline.activations = activations;
  options.pipeline.kvCacheType = kvCacheType;
  options.pipeline.maxTokens = maxTokens;
  options.weightsDirectory = weights;
  options.archSpecPath = archSpec;
  options.like = like;
  return request;
}
