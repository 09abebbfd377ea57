//===- Run.cpp - frit run -------------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Run.h"

#include "lib/Driver/Output.h"
#include "tools/frit/CommandLine.h"

#include <random>

using namespace llvm;
using namespace frit;
using namespace frit::driver;

/// More hardly raise the speed of a CPU, but each takes its own room for keys and values.
static constexpr int32_t defaultBatch = 16;

namespace {
struct RunArguments : CommandLine {
  RunArguments() : CommandLine("run", "Have a model write") {}

  ModelArguments model{*this};
  Option<std::string> prompt{*this, "p", cl::Prefix, cl::value_desc("text"), cl::desc("Prompt")};
  Option<std::string> file{*this, "f", cl::Prefix, cl::value_desc("file"),
                           cl::desc("Read the prompt from a file; one newline at its end does not\n"
                                    "count. Without -p, -f and --tokens it comes from the\n"
                                    "standard input; on a terminal, frit chats")};
  Option<std::string> batch{*this, "batch", cl::ValueOptional, cl::value_desc("number"),
                            cl::desc("Each line of -f is a prompt (\\n stands for a newline); so\n"
                                     "many are answered at once (default: 16)")};
  Option<std::string> tokens{*this, "tokens", cl::value_desc("1,2,3"),
                             cl::desc("Prompt as token ids; nothing is added to them")};
  Option<std::string> systemPrompt{*this, "system-prompt", cl::value_desc("text"),
                                   cl::desc("First message of the conversation")};
  Option<bool> noChat{*this, "no-chat",
                      cl::desc("Continue the prompt as it is, without the model's chat template")};
  Option<int64_t> count{*this,
                        "n",
                        cl::Prefix,
                        cl::value_desc("tokens"),
                        cl::init(-1),
                        cl::desc("How many tokens to generate; -1 (default): until the model ends\n"
                                 "or the context is full")};
  Option<bool> ignoreEnd{*this, "ignore-eos",
                         cl::desc("Go on after tokens that end the generation")};
  Option<int64_t> context{*this, "ctx", cl::value_desc("tokens"), cl::init(0),
                          cl::desc("Room for prompt and answer (default: what they need, up to "
                                   "the model's context)")};
  cl::alias contextShort{"c", cl::Prefix, cl::NotHidden, cl::desc("Same as --ctx"),
                         cl::aliasopt(context)};
  Option<int32_t> threads{*this, "threads", cl::value_desc("number"), cl::init(0),
                          cl::desc("Threads (default: one a CPU); results do not depend on it")};
  cl::alias threadsShort{"t", cl::Prefix, cl::NotHidden, cl::desc("Same as --threads"),
                         cl::aliasopt(threads)};
  HugePagesArgument hugePages{*this};
  Option<float> temperature{*this, "temp", cl::value_desc("number"), cl::init(0.0F),
                            cl::desc("Temperature; 0 (default) always takes the likeliest token")};
  Option<int32_t> topK{*this, "top-k", cl::value_desc("number"), cl::init(40),
                       cl::desc("Choose among the k likeliest (default: 40; 0: all)")};
  Option<float> topP{*this, "top-p", cl::value_desc("number"), cl::init(0.95F),
                     cl::desc("Choose among the likeliest that add up to p (default: 0.95)")};
  Option<float> minP{*this, "min-p", cl::value_desc("number"), cl::init(0.05F),
                     cl::desc("Leave out what is less than p times as likely as the likeliest "
                              "(default: 0.05)")};
  Option<float> repeatPenalty{*this, "repeat-penalty", cl::value_desc("number"), cl::init(1.0F),
                              cl::desc("Divide the logits of the last 64 tokens by this (default: "
                                       "1: no penalty)")};
  Option<uint32_t> seed{*this, "seed", cl::value_desc("number"),
                        cl::desc("Seed of the choice with --temp above 0 (default: another one "
                                 "each time)")};
  Option<bool> printTokens{*this, "print-tokens",
                           cl::desc("Print the ids of the generated tokens instead of the text")};
  Option<std::string> logits{*this, "logits", cl::value_desc("file.npy"),
                             cl::desc("Write the logits of all evaluated tokens, float32 "
                                      "[positions, vocabulary]")};

  Result<RunOptions> options() const;
};
} // namespace

Result<RunOptions> RunArguments::options() const {
  RunOptions options;
  Result<CompileRequest> request = model.request();
  if (!request)
    return request.takeFailure();
  options.model = *std::move(request);
  if (prompt.given() + file.given() + tokens.given() > 1)
    return Failure("expected one of -p, -f and --tokens");
  if (prompt.given())
    options.prompt = prompt;
  if (file.given())
    options.promptFile = file;
  if (tokens.given()) {
    Result<std::vector<int32_t>> ids = parseTokens(tokens);
    if (!ids)
      return ids.takeFailure();
    options.tokens = *std::move(ids);
  }
  if (batch.given()) {
    if (!file.given() || logits.given())
      return Failure("--batch needs -f and gives no --logits");
    options.batch = defaultBatch;
    if (!batch.empty() && (StringRef(batch).getAsInteger(10, options.batch) || options.batch < 1))
      return Failure("--batch: expected a whole number from 1, found '", batch.getValue(), "'");
  }
  if (systemPrompt.given())
    options.systemPrompt = systemPrompt;
  if (tokens.given() && systemPrompt.given())
    return Failure("--system-prompt has no effect with --tokens");
  options.chat = !noChat;
  if (count < -1)
    return Failure("-n: expected a number of tokens or -1, found ", count.getValue());
  options.count = count;
  options.ignoreEnd = ignoreEnd;
  if (context.given() && context < 1)
    return Failure("--ctx: expected at least 1, found ", context.getValue());
  options.context = context;
  if (threads.given() && threads < 1)
    return Failure("--threads: expected at least 1, found ", threads.getValue());
  options.threads = threads;
  options.sampling.temperature = temperature;
  options.sampling.repeat_penalty = repeatPenalty;
  if (!(temperature >= 0))
    return Failure("--temp: expected a number from 0");
  if (!(repeatPenalty > 0))
    return Failure("--repeat-penalty: expected a number above 0");
  if (topK < 0)
    return Failure("--top-k: expected a number from 0, found ", topK.getValue());
  if (!(topP > 0 && topP <= 1) || !(minP >= 0 && minP <= 1))
    return Failure("--top-p and --min-p: expected a share from 0 to 1");
  if (temperature > 0) {
    options.sampling.top_k = topK;
    options.sampling.top_p = topP;
    options.sampling.min_p = minP;
    options.sampling.seed = seed.given() ? seed.getValue() : std::random_device()();
  }
  options.printTokens = printTokens;
  options.logitsPath = logits;
  Result<HugePages> pages = hugePages.value();
  if (!pages)
    return pages.takeFailure();
  options.hugePages = *pages;
  return options;
}

int frit::driver::runCommand(int argc, char **argv) {
  RunArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  Result<RunOptions> options = arguments.options();
  if (!options)
    return usageError("run", options.error());
  return runModel(*options);
}
