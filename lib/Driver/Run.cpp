//===- Run.cpp - frit run -------------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Run.h"

#include "lib/Driver/BatchOutput.h"
#include "lib/Driver/Generate.h"
#include "lib/Driver/GenerateBatch.h"
#include "lib/Driver/Interrupt.h"
#include "lib/Driver/ModelFile.h"
#include "lib/Driver/NpyWriter.h"
#include "lib/Driver/Output.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <iostream>
#include <random>
#include <tuple>
#include <unistd.h>

using namespace frit;
using namespace frit::driver;

Result<std::vector<int32_t>> frit::driver::parseTokens(const std::string &text) {
  std::vector<int32_t> ids;
  llvm::SmallVector<llvm::StringRef> parts;
  if (!llvm::StringRef(text).trim().empty())
    llvm::StringRef(text).split(parts, ',');
  for (llvm::StringRef part : parts) {
    int32_t id = 0;
    if (part.trim().getAsInteger(10, id))
      return Failure("--tokens: expected ids separated by commas, found '", std::string_view(part),
                     "'");
    ids.push_back(id);
  }
  return ids;
}

//===----------------------------------------------------------------------===//
// Texts and tokens
//===----------------------------------------------------------------------===//

static Result<std::vector<int32_t>> encode(const frit_model *model, const std::string &text,
                                           int flags) {
  std::vector<int32_t> ids(text.size() + 8);
  size_t count = 0;
  frit_status status =
      frit_encode(model, text.data(), text.size(), flags, ids.data(), ids.size(), &count);
  ids.resize(count);
  if (status == FRIT_BUFFER_TOO_SMALL)
    status = frit_encode(model, text.data(), text.size(), flags, ids.data(), ids.size(), &count);
  if (status != FRIT_OK)
    return runtimeFailure();
  return ids;
}

/// Of a line: \n is a newline, \\ a backslash, and everything else what it is.
static std::string unescape(llvm::StringRef line) {
  std::string text;
  for (size_t index = 0; index < line.size(); ++index) {
    llvm::StringRef rest = line.substr(index);
    bool newline = rest.starts_with("\\n");
    if (newline || rest.starts_with("\\\\"))
      ++index;
    text += newline ? '\n' : line[index];
  }
  return text;
}

namespace {

struct Message {
  const char *role;
  std::string content;
};

/// The conversation as the text the model expects.
Result<std::string> renderChat(const frit_model *model, const std::vector<Message> &messages) {
  std::vector<frit_chat_message> list;
  size_t bytes = 4096;
  for (const Message &message : messages) {
    list.push_back({message.role, message.content.c_str()});
    bytes += message.content.size() + 64;
  }
  std::string text(bytes, '\0');
  frit_status status =
      frit_chat(model, list.data(), list.size(), 1, text.data(), text.size(), &bytes);
  text.resize(bytes);
  if (status == FRIT_BUFFER_TOO_SMALL)
    status = frit_chat(model, list.data(), list.size(), 1, text.data(), text.size(), &bytes);
  if (status != FRIT_OK)
    return runtimeFailure();
  return text;
}

/// One `frit run`.
class Run {
public:
  explicit Run(const RunOptions &options) : options(options) {}

  Result<int> run();

private:
  Result<std::optional<std::string>> readPrompt() const;
  Status chooseMode();
  Result<std::vector<int32_t>> encodePrompt(const std::string &text);
  Status checkFits(int64_t promptTokens) const;
  Status createSession(int64_t promptTokens, int32_t slots = 1);
  Result<StopReason> generate(const std::vector<int32_t> &ids, std::string *answer);
  Result<int> answerOnce(const std::vector<int32_t> &ids);
  Result<std::vector<std::vector<int32_t>>> encodeLines(llvm::StringRef text);
  Result<int> answerBatch(llvm::StringRef text);
  Result<int> chatLoop();
  int exitCode(StopReason reason) const;
  void printTimings() const;
  void printTimings(const std::string &speed) const;

  const RunOptions &options;
  OpenedModel model;
  SessionHandle session;
  SamplerHandle sampler;
  std::optional<NpyWriter> logits;
  std::optional<Generator> generator;
  StandardOutput output;
  bool chat = false; ///< prompts go through the model's chat template
  std::vector<Message> messages;
};

} // namespace

/// -p, -f or the standard input; nothing when that is a terminal.
Result<std::optional<std::string>> Run::readPrompt() const {
  if (options.prompt)
    return options.prompt;
  if (!options.promptFile && isatty(STDIN_FILENO))
    return std::optional<std::string>();
  auto buffer = options.promptFile && *options.promptFile != "-"
                    ? llvm::MemoryBuffer::getFile(*options.promptFile)
                    : llvm::MemoryBuffer::getSTDIN();
  if (!buffer)
    return Failure("cannot read the prompt from ",
                   options.promptFile ? "'" + *options.promptFile + "'"
                                      : std::string("the standard input"),
                   ": ", buffer.getError().message());
  llvm::StringRef text = (*buffer)->getBuffer();
  // Editors and echo end a text with a newline that nobody wrote.
  text.consume_back("\n");
  return std::optional<std::string>(text.str());
}

/// Decides whether the chat template is used.
Status Run::chooseMode() {
  if (!options.chat) {
    if (options.systemPrompt)
      return Failure("--system-prompt has no effect with --no-chat");
    return {};
  }
  Result<std::string> trial = renderChat(model.handle.get(), {{"user", ""}});
  // A model without any template is given texts as they are; one with a template that frit does not
  // know would answer badly if it got them so.
  if (!trial && !llvm::StringRef(trial.error()).contains("has no chat template"))
    return trial.takeFailure();
  chat = static_cast<bool>(trial);
  if (!chat && options.systemPrompt)
    return Failure("--system-prompt: ", trial.error());
  if (options.systemPrompt)
    messages.push_back({"system", *options.systemPrompt});
  return {};
}

Result<std::vector<int32_t>> Run::encodePrompt(const std::string &text) {
  if (text.empty())
    return Failure("the prompt is empty");
  if (!chat)
    return encode(model.handle.get(), text, FRIT_PARSE_SPECIAL | FRIT_ADD_BOS);
  messages.push_back({"user", text});
  Result<std::string> rendered = renderChat(model.handle.get(), messages);
  if (!rendered)
    return rendered.takeFailure();
  return encode(model.handle.get(), *rendered, FRIT_PARSE_SPECIAL);
}

Status Run::checkFits(int64_t promptTokens) const {
  int64_t longest = modelInfo(model.handle.get()).context_length;
  int64_t context = options.context ? options.context : longest;
  // The runtime refuses a longer context.
  if (promptTokens > context && context <= longest)
    return Failure("the prompt has ", promptTokens, " tokens, but the context only ", context,
                   options.context ? " (--ctx)" : " (the model's)");
  return {};
}

/// \param promptTokens 0: not known yet.
Status Run::createSession(int64_t promptTokens, int32_t slots) {
  if (Status status = checkFits(promptTokens); !status)
    return status;
  frit_model_info info = modelInfo(model.handle.get());
  frit_session_options sessionOptions = {};
  sessionOptions.size = sizeof(sessionOptions);
  sessionOptions.threads = options.threads;
  sessionOptions.context = options.context;
  if (options.context == 0 && promptTokens > 0 && options.count >= 0 &&
      options.count < info.context_length)
    sessionOptions.context =
        std::min(std::max<int64_t>(promptTokens + options.count, 1), info.context_length);
  sessionOptions.slots = slots;
  frit_session *created = nullptr;
  if (frit_session_create(model.handle.get(), &sessionOptions, &created) != FRIT_OK)
    return runtimeFailure();
  session.reset(created);
  frit_sampler *createdSampler = nullptr;
  if (frit_sampler_create(&options.sampling, &createdSampler) != FRIT_OK)
    return runtimeFailure();
  sampler.reset(createdSampler);

  int64_t chunkTokens = 1;
  const char *manifestText = nullptr;
  if (frit_model_manifest(model.handle.get(), &manifestText) != FRIT_OK)
    return runtimeFailure();
  if (auto manifest = llvm::json::parse(manifestText)) {
    for (const llvm::json::Value &program : *manifest->getAsObject()->getArray("programs"))
      chunkTokens =
          std::max(chunkTokens, program.getAsObject()->getInteger("max_tokens").value_or(1));
  } else {
    return Failure("manifest: ", llvm::toString(manifest.takeError()));
  }
  generator.emplace(model.handle.get(), session.get(), sampler.get(), chunkTokens);
  generator->ignoreEnd = options.ignoreEnd;
  if (!options.logitsPath.empty()) {
    Result<NpyWriter> writer = NpyWriter::create(options.logitsPath, info.vocabulary);
    if (!writer)
      return writer.takeFailure();
    logits.emplace(*std::move(writer));
    generator->logits = &*logits;
  }
  return {};
}

/// Writes what is generated to the standard output as it comes; the text also to `answer`.
Result<StopReason> Run::generate(const std::vector<int32_t> &ids, std::string *answer) {
  InterruptScope scope(session.get());
  DecoderHandle decoder;
  if (!options.printTokens && modelInfo(model.handle.get()).has_tokenizer) {
    frit_decoder *created = nullptr;
    if (frit_decoder_create(model.handle.get(), FRIT_SKIP_SPECIAL, &created) != FRIT_OK)
      return runtimeFailure();
    decoder.reset(created);
  }
  bool first = true, newline = true;
  auto writeText = [&](const char *text, size_t bytes) {
    if (bytes == 0)
      return true;
    newline = text[bytes - 1] == '\n';
    if (answer)
      answer->append(text, bytes);
    return output.write({text, bytes});
  };
  const char *text = nullptr;
  size_t bytes = 0;
  Result<StopReason> reason =
      generator->generate(ids, options.count, [&](int32_t id, bool) -> bool {
        if (!decoder) {
          std::string separator = first ? "" : ",";
          first = newline = false;
          return output.write(separator + std::to_string(id));
        }
        return frit_decoder_push(decoder.get(), id, &text, &bytes) == FRIT_OK &&
               writeText(text, bytes);
      });
  if (decoder && frit_decoder_finish(decoder.get(), &text, &bytes) == FRIT_OK)
    writeText(text, bytes);
  // --print-tokens prints a line even if it is empty.
  if (!newline || (!decoder && reason))
    output.write("\n");
  return reason;
}

void Run::printTimings() const {
  frit_timings timings = {};
  timings.size = sizeof(timings);
  if (frit_get_timings(session.get(), &timings) != FRIT_OK)
    return;
  std::string line;
  auto add = [&](const char *name, int64_t tokens, double seconds) {
    if (tokens > 0)
      line += fmt::format(", {} {} tokens {:.1f} t/s", name, tokens,
                          seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0);
  };
  add("prefill", timings.prefill_tokens, timings.prefill_seconds);
  add("decode", timings.decode_tokens, timings.decode_seconds);
  printTimings(line);
}

/// \param speed begins with a comma.
void Run::printTimings(const std::string &speed) const {
  frit_timings timings = {};
  timings.size = sizeof(timings);
  if (frit_get_timings(session.get(), &timings) != FRIT_OK)
    return;
  std::string line;
  if (model.compileSeconds > 0)
    line += fmt::format("compile {:.2f} s, ", model.compileSeconds);
  line += fmt::format("load {:.2f} s", timings.load_seconds) + speed;
  if (options.sampling.temperature > 0)
    line += fmt::format(", seed {}", options.sampling.seed);
  llvm::errs() << line << "\n";
}

int Run::exitCode(StopReason reason) const {
  if (output.isClosed())
    return output.reportFailure();
  return reason == StopReason::Interrupted ? ExitInterrupted : ExitSuccess;
}

Result<int> Run::answerOnce(const std::vector<int32_t> &ids) {
  Result<StopReason> reason = generate(ids, nullptr);
  if (!reason)
    return reason.takeFailure();
  if (logits)
    if (Status status = logits->commit(); !status)
      return status.takeFailure();
  if (*reason == StopReason::Output && !output.isClosed())
    return runtimeFailure();
  if (!output.isClosed()) {
    if (*reason == StopReason::ContextFull)
      printNote(options.count >= 0 ? "the context is full: stopped before -n tokens"
                                   : "the context is full: the answer ends here");
    printTimings();
  }
  return exitCode(*reason);
}

/// The prompts that the lines of a text are.
Result<std::vector<std::vector<int32_t>>> Run::encodeLines(llvm::StringRef text) {
  std::vector<std::vector<int32_t>> prompts;
  const std::vector<Message> opening = messages;
  for (int64_t number = 1; !text.empty(); ++number) {
    llvm::StringRef line;
    std::tie(line, text) = text.split('\n');
    line.consume_back("\r");
    if (line.trim().empty())
      continue;
    std::string place = *options.promptFile + ":" + std::to_string(number);
    messages = opening;
    Result<std::vector<int32_t>> ids = encodePrompt(unescape(line));
    if (!ids)
      return ids.takeFailure().in(place);
    if (Status status = checkFits(static_cast<int64_t>(ids->size())); !status)
      return status.takeFailure().in(place);
    prompts.push_back(*std::move(ids));
  }
  return prompts;
}

Result<int> Run::answerBatch(llvm::StringRef text) {
  Result<std::vector<std::vector<int32_t>>> prompts = encodeLines(text);
  if (!prompts)
    return prompts.takeFailure();
  if (prompts->empty())
    return Failure("'", *options.promptFile, "' has no prompts: expected one a line");
  size_t longest = 0;
  for (const std::vector<int32_t> &ids : *prompts)
    longest = std::max(longest, ids.size());
  auto slots = static_cast<int32_t>(std::min(static_cast<size_t>(options.batch), prompts->size()));
  if (Status status = createSession(static_cast<int64_t>(longest), slots); !status)
    return status.takeFailure();

  BatchOutput answers(output, prompts->size());
  if (!options.printTokens)
    if (Status status = answers.decodeWith(model.handle.get()); !status)
      return status.takeFailure();
  BatchGenerator batch(model.handle.get(), session.get());
  batch.sampling = options.sampling;
  batch.ignoreEnd = options.ignoreEnd;
  int64_t full = 0;
  auto start = std::chrono::steady_clock::now();
  InterruptScope scope(session.get());
  Result<StopReason> reason = batch.generate(
      *prompts, options.count, [&](size_t prompt, int32_t id) { return answers.take(prompt, id); },
      [&](size_t prompt, StopReason ended) {
        full += ended == StopReason::ContextFull;
        return answers.end(prompt);
      });
  if (!reason)
    return reason.takeFailure();
  answers.endAll();
  if (*reason == StopReason::Output && !output.isClosed())
    return runtimeFailure();
  if (output.isClosed())
    return exitCode(*reason);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (full > 0)
    printNote("the context is full: " + std::to_string(full) + " of " +
              std::to_string(prompts->size()) +
              (options.count >= 0 ? " stopped before -n tokens" : " answers end there"));
  const BatchGenerator::Counts &counts = batch.counts();
  auto rate = [&](int64_t tokens) { return static_cast<double>(tokens) / seconds; };
  printTimings(fmt::format(", {} prompts {} tokens, answers {} tokens {:.1f} t/s, total {:.1f} t/s",
                           prompts->size(), counts.promptTokens, counts.generatedTokens,
                           rate(counts.generatedTokens),
                           rate(counts.promptTokens + counts.generatedTokens)));
  return exitCode(*reason);
}

Result<int> Run::chatLoop() {
  if (Status status = createSession(0); !status)
    return status.takeFailure();
  llvm::errs() << "Ctrl-C stops an answer, Ctrl-D ends the conversation\n";
  std::string line;
  while (llvm::errs() << "> ", std::getline(std::cin, line)) {
    if (llvm::StringRef(line).trim().empty())
      continue;
    Result<std::vector<int32_t>> ids = encodePrompt(line);
    if (!ids)
      return ids.takeFailure();
    std::string answer;
    Result<StopReason> reason = generate(*ids, &answer);
    if (!reason)
      return reason.takeFailure();
    if (output.isClosed())
      return output.reportFailure();
    messages.push_back({"assistant", answer});
    if (*reason == StopReason::ContextFull) {
      printNote("the context is full: the conversation ends here");
      break;
    }
  }
  llvm::errs() << "\n";
  printTimings();
  return ExitSuccess;
}

Result<int> Run::run() {
  // A missing model is said before a missing prompt.
  if (Result<ModelKind> kind = recognizeModel(options.model.path); !kind)
    return kind.takeFailure();
  Result<std::optional<std::string>> prompt =
      options.tokens ? Result<std::optional<std::string>>(std::optional<std::string>())
                     : readPrompt();
  if (!prompt)
    return prompt.takeFailure();
  if (options.tokens ? options.tokens->empty() : *prompt && (*prompt)->empty())
    return Failure("the prompt is empty");
  bool interactive = !options.tokens && !*prompt;
  if (interactive && (options.printTokens || !options.logitsPath.empty()))
    return Failure("--print-tokens and --logits need a prompt: -p, -f, --tokens or the standard "
                   "input");

  Result<OpenedModel> opened = openModel(options.model, options.hugePages);
  if (!opened)
    return opened.takeFailure();
  model = *std::move(opened);
  if (!options.tokens)
    if (Status status = chooseMode(); !status)
      return status.takeFailure();
  if (interactive && !chat)
    return Failure("expected a prompt: -p, -f, --tokens or the standard input; only with a chat "
                   "template does frit ask for one");
  if (interactive)
    return chatLoop();
  if (options.batch > 0)
    return answerBatch(**prompt);
  Result<std::vector<int32_t>> ids =
      options.tokens ? Result<std::vector<int32_t>>(*options.tokens) : encodePrompt(**prompt);
  if (!ids)
    return ids.takeFailure();
  if (ids->empty())
    return Failure("the prompt is empty");
  if (Status status = createSession(static_cast<int64_t>(ids->size())); !status)
    return status.takeFailure();
  return answerOnce(*ids);
}

int frit::driver::runModel(const RunOptions &options) {
  Result<int> code = Run(options).run();
  if (code)
    return *code;
  printError(code.error());
  return ExitFailure;
}
