# RUN: %python %s
# ===- stream.py - frit run: streaming, signals, conversations -----------------===//
#
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===----------------------------------------------------------------------===//

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from driver import FRIT, TIMEOUT, DriverTest, main, read_npy

# Long enough that a run does not end by itself while a test looks at it.
LONG_CONTEXT = ("--set", "llama.context_length=u32:1000000")
TIMINGS = r"(?m)^.*load \d+\.\d+ s, .*decode \d+ tokens \d+\.\d+ t/s$"


class StreamTest(DriverTest):
    def setUp(self):
        super().setUp()
        self.model = self.make_model("long.gguf", *LONG_CONTEXT)
        # Nobody has to wait for the compiler while a clock runs.
        self.frit("run", self.model, "--tokens", "5", "-n", "1")

    def endless(self, *arguments, **options):
        return self.start("run", self.model, "-p", "the", "--ignore-eos", *arguments, **options)

    def read_some(self, process, count):
        data = b""
        while len(data) < count:
            part = os.read(process.stdout.fileno(), count - len(data))
            if not part:
                self.fail(f"the output ended: {process.communicate()}")
            data += part
        return data

    def test_text_is_valid_utf8_and_flushed(self):
        # A byte-level model with random weights writes parts of characters all the time: whatever
        # is readable at any time is valid up to a character that is cut by our own read.
        process = self.endless("-n", "3000")
        seen = self.read_some(process, 1)  # Arrives while the model still writes.
        self.assertIsNone(process.poll())
        out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 0, err)
        (seen + out).decode("utf-8")

    def test_text_and_tokens_agree(self):
        # Every token of the tiny model that is one byte of ASCII can be checked by hand.
        ids = self.tokens(self.model, "-p", "the", "-n", "200", "--ignore-eos")
        text, _ = self.frit("run", self.model, "-p", "the", "-n", "200", "--ignore-eos")
        self.assertTrue(text.endswith("\n"))
        printable = [chr(i - 3) for i in ids if 0x21 <= i - 3 < 0x7F]
        self.assertTrue(printable)
        position = 0
        for character in printable:
            position = text.index(character, position) + 1

    def test_interrupt(self):
        process = self.endless("--logits", "l.npy", "--print-tokens")
        self.read_some(process, 100)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, 130)
        self.assertTrue(rest.endswith(b"\n"))
        self.assertRegex(err.decode(), TIMINGS)
        # The logits so far are a whole file.
        (positions, _), _ = read_npy(self.directory / "l.npy")
        self.assertGreater(positions, 10)

    def test_interrupt_of_a_long_prompt(self):
        prompt = ",".join(["5"] * 60000)
        process = self.start("run", self.model, "-f", "-", "--no-chat", stdin=-1)
        process.stdin.write(b"the cat " * 60000)
        process.stdin.close()
        process.stdin = None
        time.sleep(2)
        self.assertIsNone(process.poll(), prompt[:0])
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual((process.returncode, out), (130, b""), err)
        self.assertLess(time.monotonic() - start, 30)

    def test_second_interrupt_ends_at_once(self):
        process = self.endless()
        self.read_some(process, 10)
        for _ in range(20):
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
        self.assertIn(process.returncode, (130, -signal.SIGINT))

    def test_closed_pipe(self):
        for arguments in ([], ["--print-tokens"]):
            process = self.endless(*arguments)
            self.read_some(process, 10)
            process.stdout.close()
            err = process.stderr.read()
            process.wait(TIMEOUT)
            process.stderr.close()
            self.assertEqual((process.returncode, err), (141, b""))

    def test_full_device(self):
        with open("/dev/full", "w") as full:
            _, err = self.frit("run", self.model, "-p", "the", "-n", "20", code=1, stdout=full)
        self.assertEqual(
            err, "error: cannot write to the standard output: No space left on device\n"
        )


class Terminal:
    """frit with a terminal for input, output and errors."""

    def __init__(self, arguments, environment):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            try:
                os.execve(FRIT, [FRIT, *arguments], environment)
            finally:
                os._exit(127)
        self.text = ""

    def read_until(self, pattern):
        """Waits for a match in what was not read before."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := re.search(pattern, self.text)):
            if not select.select([self.terminal], [], [], deadline - time.monotonic())[0]:
                raise AssertionError(f"no {pattern!r} in {self.text!r}")
            try:
                data = os.read(self.terminal, 4096)
            except OSError:  # the other side is closed
                data = b""
            if not data:
                raise AssertionError(f"no {pattern!r} before the end of {self.text!r}")
            self.text += data.decode(errors="replace")
        before, self.text = self.text[: found.start()], self.text[found.end() :]
        return before

    def write(self, text):
        os.write(self.terminal, text.encode())

    def end(self):
        text = self.text
        while True:
            try:
                data = os.read(self.terminal, 4096)
            except OSError:
                break
            if not data:
                break
            text += data.decode(errors="replace")
        os.close(self.terminal)
        _, status = os.waitpid(self.process, 0)
        return os.waitstatus_to_exitcode(status), text


class ChatTest(DriverTest):
    def test_progress_and_conversation(self):
        model = self.make_model("long.gguf", *LONG_CONTEXT)
        chat = Terminal(["run", model, "-n", "6", "--ignore-eos"], self.environment())
        # The display of the compiler is gone before anything else appears.
        progress = chat.read_until(r"Ctrl-D")
        self.assertIn("compiling long.gguf: import", progress)
        self.assertRegex(progress, r"\r\x1b\[K[^\r]*\Z")
        chat.read_until(r"> ")
        chat.write("the cat\n")
        first = chat.read_until(r"> ")
        chat.write("\n")  # Nothing to say.
        chat.read_until(r"> ")
        chat.write("and then\n")
        second = chat.read_until(r"> ")
        chat.write("\x04")
        code, rest = chat.end()
        self.assertEqual(code, 0)
        self.assertRegex(rest, TIMINGS.replace("$", r"\r?$"))
        self.assertTrue(first.strip() and second.strip())

    def test_the_answer_is_that_of_the_whole_conversation(self):
        # -n 1 answers: the second turn sees both messages and the first answer.
        model = self.make_model("long.gguf", *LONG_CONTEXT)
        self.frit("run", model, "--tokens", "5", "-n", "1")
        # Only an answer that is text can be written down again.
        for prompt in (*"abcdefghijklmnopqrstuvwxyz", "hello", "the cat"):
            answer, _ = self.frit("run", model, "-p", prompt, "-n", "4")
            answer = answer.removesuffix("\n")
            if answer.isascii() and answer.isprintable() and answer.strip() == answer != "":
                break
        else:
            self.fail("the model has no answer that is text")
        conversation = (
            f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
            + answer
            + "<|im_end|>\n<|im_start|>user\nmore<|im_end|>\n<|im_start|>assistant\n"
        )
        expected, _ = self.frit("run", model, "--no-chat", "-p", conversation, "-n", "4")
        chat = Terminal(["run", model, "-n", "4"], self.environment())
        chat.read_until(r"> ")
        chat.write(prompt + "\n")
        chat.read_until(r"> ")
        chat.write("more\n")
        second = chat.read_until(r"> ")
        chat.write("\x04")
        self.assertEqual(chat.end()[0], 0)
        self.assertIn(expected.strip(), second.replace("\r\n", "\n"))

    def test_interrupt_ends_an_answer_only(self):
        model = self.make_model("long.gguf", *LONG_CONTEXT)
        self.frit("run", model, "--tokens", "5", "-n", "1")
        chat = Terminal(["run", model, "--ignore-eos"], self.environment())
        chat.read_until(r"> ")
        for _ in range(2):
            chat.write("the cat\n")
            chat.read_until(r"the cat\r\n")
            chat.read_until(r"[^\r\n]")
            chat.write("\x03")
            chat.read_until(r"\r\n> ")
        chat.write("\x04")
        code, rest = chat.end()
        self.assertEqual(code, 0)
        self.assertRegex(rest, TIMINGS.replace("$", r"\r?$"))

    def test_without_template(self):
        model = self.make_model("plain.gguf", "--unset", "tokenizer.chat_template")
        code, text = Terminal(["run", model], self.environment()).end()
        self.assertEqual(code, 1)
        self.assertIn("error: expected a prompt", text)
        code, text = Terminal(["run", model, "--print-tokens"], self.environment()).end()
        self.assertEqual(code, 1)
        self.assertIn("error: --print-tokens and --logits need a prompt", text)


if __name__ == "__main__":
    main()
