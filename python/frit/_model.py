# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models and what they write."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import numbers
import random
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from ctypes import byref, c_char_p, c_int, c_int32, c_size_t, c_void_p
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, Union, overload

from . import _runtime as runtime
from ._compile import PathLike, compile_cached
from ._runtime import Error, Handle, library, read_ids, read_text

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from typing_extensions import Unpack

Ids = Union[Sequence[int], "NDArray[numpy.integer[Any]]"]
Prompt = Union[str, Ids]
Message = Mapping[str, Any]

LOGITS_CHUNK = 512  # positions evaluated together where all logits are wanted


class Options(TypedDict, total=False):
    """The options of Model.generate(), for type checkers."""

    max_tokens: int | None
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    seed: int | None


class TextOptions(Options, total=False):
    stop: str | Sequence[str]


class Info(NamedTuple):
    """What a bundle says about itself."""

    name: str
    architecture: str
    """"llama", say"""
    target: str
    """The machine it was compiled for."""
    frit_version: str
    source_file: str
    context: int
    """Tokens the model was trained for."""
    vocabulary: int
    """Token ids are below it."""
    layers: int
    hidden: int
    kv_bytes_per_token: int
    weights_bytes: int
    has_tokenizer: bool
    """False: only token ids go in and out."""
    chat_template: str
    """A Jinja text; "" if there is none."""


def load(
    path: PathLike,
    *,
    threads: int | None = None,
    context: int | None = None,
    huge_pages: bool = False,
    **options: str | int,
) -> Model:
    """Opens a bundle; compiles a checkpoint (GGUF file, Hugging Face directory) into frit's cache first.

    threads: by default one a CPU; results do not depend on it.
    context: how many tokens prompt and answer have room for; by default the model's context.
    huge_pages: copy the weights into huge pages: faster, but memory of this process alone.
    options: those of compile(), for a checkpoint.

    Raises Error if there is no such file, it is damaged, or this machine cannot run it, TypeError for
    an option that frit does not have, or for a bundle, which is compiled already.
    """
    if _is_checkpoint(path):
        path = compile_cached(path, **options)
    elif options:
        name = next(iter(options))
        raise TypeError(
            f"unexpected keyword argument '{name}': '{os.fspath(path)}' is a bundle, and options are for checkpoints"
        )
    return Model(path, threads=threads, context=context, huge_pages=huge_pages)


def _is_checkpoint(path: PathLike) -> bool:
    if os.path.isdir(path) or os.fspath(path).endswith((".gguf", ".safetensors")):
        return True
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(4) == b"GGUF"
    return False


class Model:
    """A bundle, ready to run. Any number of threads may use one object at a time.

    A call that runs the model takes all `threads`: several prompts are fastest as one list, and
    calls of several threads at once with threads=1 each.
    """

    info: Info
    context: int
    """How many tokens prompt and answer have room for."""

    def __init__(
        self,
        bundle: PathLike,
        *,
        threads: int | None = None,
        context: int | None = None,
        huge_pages: bool = False,
    ) -> None:
        """As load(), of a bundle only."""
        lib = library()
        options = runtime.ModelOptions(huge_pages=huge_pages)
        self._handle = Handle(lib.frit_model_open, lib.frit_model_close, os.fsencode(bundle), options)
        told = self._told = runtime.ModelInfo()
        lib.frit_model_get_info(self._handle, told)
        text = {name: getattr(told, name).decode() for name in ("name", "architecture", "target", "frit_version")}
        self.info = Info(
            **text,
            source_file=os.fsdecode(told.source_file),
            context=told.context_length,
            vocabulary=told.vocabulary,
            layers=told.layers,
            hidden=told.hidden,
            kv_bytes_per_token=told.kv_bytes_per_token,
            weights_bytes=told.weights_bytes,
            has_tokenizer=bool(told.has_tokenizer),
            chat_template=told.chat_template.decode(),
        )
        self.context = context or self.info.context
        self._threads = threads or 0
        self._lock = threading.Lock()
        self._idle: _Session | None = _Session(self, 1, self.context)

    def __repr__(self) -> str:
        return f"<frit.Model {self.info.name!r}: {self.info.architecture}, {self.info.layers} layers>"

    # ---- Text and token ids --------------------------------------------------------------------

    def encode(self, text: str, *, add_bos: bool = True, special: bool = True) -> list[int]:
        """The token ids of a text.

        add_bos: begin as the vocabulary asks for.
        special: "<|im_end|>" is that token; False: its characters, for text that nobody checked.
        """
        data = _utf8(text)
        flags = runtime.ADD_BOS * add_bos | runtime.PARSE_SPECIAL * special
        encode = library().frit_encode
        # No token is shorter than a byte, but a few may be added.
        return read_ids(len(data) + 8, lambda *out: encode(self._handle, data, len(data), flags, *out))

    def decode(self, ids: Ids, *, special: bool = False) -> str:
        """The text of token ids; control tokens are left out unless `special`."""
        numbers = _int32(ids)
        flags = 0 if special else runtime.SKIP_SPECIAL
        decode = library().frit_decode
        guess = 8 * len(numbers) + 8
        return read_text(guess, lambda *out: decode(self._handle, numbers, len(numbers), flags, *out))

    def chat_prompt(self, messages: Sequence[Message], *, add_generation_prompt: bool = True, **variables: Any) -> str:
        """The conversation as the text that the model expects, by its own chat template.

        messages: {"role": "system", "user" or "assistant", "content": text} each.
        variables: further ones of the template, like tools or enable_thinking.

        Without jinja2, templates are those that frit knows. Raises Error if there is no template,
        or it refuses the messages.
        """
        if not self.info.chat_template:
            self.encode("")  # says so if there is no tokenizer either
            raise Error("the model has no chat template: expected generate() instead of chat()")
        try:
            from . import _chat
        except ModuleNotFoundError:
            return self._known_chat_prompt(messages, add_generation_prompt)
        tokens = {"bos_token": "bos_id", "eos_token": "eos_id", "unk_token": "unknown_id", "pad_token": "pad_id"}
        ids = {name: getattr(self._told, field) for name, field in tokens.items()}
        variables = {name: self.decode([i], special=True) for name, i in ids.items() if i >= 0} | variables
        return _chat.render(
            self.info.chat_template,
            messages=messages,
            add_generation_prompt=add_generation_prompt,
            **variables,
        )

    def _known_chat_prompt(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        texts = [(_utf8(message["role"]), _utf8(message["content"])) for message in messages]
        given = (runtime.ChatMessage * len(texts))(*(runtime.ChatMessage(*text) for text in texts))
        guess = sum(len(role) + len(content) + 64 for role, content in texts) + 1024
        chat = library().frit_chat
        return read_text(guess, lambda *out: chat(self._handle, given, len(texts), add_generation_prompt, *out))

    # ---- Writing -------------------------------------------------------------------------------

    # A text is a sequence of texts, too: the first signature that fits counts.
    @overload
    def generate(self, prompt: Prompt, *, stream: Literal[False] = ..., **options: Unpack[TextOptions]) -> str: ...  # type: ignore[overload-overlap]
    @overload
    def generate(self, prompt: Prompt, *, stream: Literal[True], **options: Unpack[TextOptions]) -> Iterator[str]: ...  # type: ignore[overload-overlap]
    @overload
    def generate(
        self, prompt: Sequence[Prompt], *, stream: Literal[False] = ..., **options: Unpack[TextOptions]
    ) -> list[str]: ...
    @overload
    def generate(
        self, prompt: Sequence[Prompt], *, stream: Literal[True], **options: Unpack[TextOptions]
    ) -> Iterator[tuple[int, str]]: ...
    def generate(self, prompt: Any, *, stream: bool = False, stop: str | Sequence[str] = (), **options: Any) -> Any:
        """What the model writes after a prompt: a text or token ids.

        A list of prompts is answered together, each as if it were alone, reading the weights once
        for all: gives a list of texts.

        stream: give an iterator of pieces of text instead, as they come; of a list of prompts, of
            pairs (index of the prompt, piece).
        stop: end before the first of these texts.
        max_tokens: how many to write at most; by default until the model ends or the context is full.
        temperature=0.0: 0 always takes the likeliest token; the next three are for others, and
            refused where no temperature is given.
        top_k=40: choose among the k likeliest; 0: all.
        top_p=0.95: choose among the likeliest that add up to p.
        min_p=0.05: leave out what is less than p times as likely as the likeliest.
        repeat_penalty=1.0: divide the logits of the last 64 tokens by this.
        seed: of the choice; by default another one each time.

        Raises Error if a prompt is empty, beyond the context, or has ids outside of the vocabulary.
        """
        stops = [stop] if isinstance(stop, str) else list(stop)
        if "" in stops:
            raise Error("stop: expected texts, found an empty one")
        batch = _is_batch(prompt)
        prompts = prompt if batch else [prompt]
        pieces = self._start(prompts, [_Text(self, stops) for _ in prompts], **options)
        if stream:
            return pieces if batch else (piece for _, piece in pieces)
        texts = [""] * len(prompts)
        for index, piece in pieces:
            texts[index] += piece
        return texts if batch else texts[0]

    @overload
    def generate_ids(self, prompt: Prompt, **options: Unpack[Options]) -> list[int]: ...  # type: ignore[overload-overlap]
    @overload
    def generate_ids(self, prompt: Sequence[Prompt], **options: Unpack[Options]) -> list[list[int]]: ...
    def generate_ids(self, prompt: Any, **options: Any) -> Any:
        """As generate(), but gives token ids, with the one that ends the text."""
        batch = _is_batch(prompt)
        prompts = prompt if batch else [prompt]
        ids: list[list[int]] = [[] for _ in prompts]
        for index, number in self._start(prompts, None, **options):
            ids[index].append(number)
        return ids if batch else ids[0]

    @overload
    def chat(
        self, messages: Sequence[Message], *, stream: Literal[False] = ..., **options: Unpack[TextOptions]
    ) -> str: ...
    @overload
    def chat(
        self, messages: Sequence[Message], *, stream: Literal[True], **options: Unpack[TextOptions]
    ) -> Iterator[str]: ...
    def chat(self, messages: Sequence[Message], **options: Any) -> Any:
        """The model's next message of a conversation; messages as for chat_prompt(), the rest as for
        generate(). What was evaluated for the messages before is not evaluated again."""
        return self.generate(self.encode(self.chat_prompt(messages), add_bos=False), **options)

    def logits(self, ids: Ids) -> NDArray[numpy.float32]:
        """The logits after each token: float32 [len(ids), vocabulary].

        ids: token ids; a NumPy array of int32 is not copied.

        Raises Error for an id outside of the vocabulary and more ids than the context has room for.
        """
        import numpy

        prompt = self._prompt(ids)
        result = numpy.empty((len(prompt), self.info.vocabulary), numpy.float32)
        first = c_void_p()
        with self._session(1, self.context) as session:
            session.keep(0)
            for begin in range(0, len(prompt), LOGITS_CHUNK):
                part = _from(prompt, begin, LOGITS_CHUNK)
                rows = result[begin : begin + len(part)]
                session.evaluate({0: part}, runtime.LOGITS_ALL)
                library().frit_logits(session, 0, byref(first))
                ctypes.memmove(rows.ctypes.data, first, rows.nbytes)  # they last until the next evaluation
        return result

    # ---- Running -------------------------------------------------------------------------------

    def _prompt(self, prompt: Prompt) -> ctypes.Array[c_int32]:
        ids = _int32(self.encode(prompt) if isinstance(prompt, str) else prompt)
        if len(ids) == 0:
            raise Error("the prompt is empty")
        if len(ids) > self.context:
            raise Error(f"the prompt has {len(ids)} tokens, but the context only {self.context}")
        for index, number in enumerate(ids):
            if not 0 <= number < self.info.vocabulary:
                vocabulary = self.info.vocabulary
                raise Error(f"token {index} has id {number}, outside of the vocabulary of {vocabulary}")
        return ids

    def _start(
        self,
        prompts: Sequence[Prompt],
        texts: list[_Text] | None,
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repeat_penalty: float = 1.0,
        seed: int | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Checks everything; what it returns gives (index of the prompt, piece of text or id)."""
        if max_tokens is not None and (not isinstance(max_tokens, numbers.Integral) or max_tokens < 0):
            raise Error(f"max_tokens: expected a whole number from 0, found {max_tokens!r}")
        choices = {"top_k": (top_k, 40), "top_p": (top_p, 0.95), "min_p": (min_p, 0.05)}
        if given := [name for name, (value, _) in choices.items() if value is not None and temperature is None]:
            raise Error(f"{given[0]}: expected a temperature above 0 beside it, found none: it would have no effect")
        sampling = runtime.SamplerOptions(repeat_penalty=repeat_penalty, temperature=temperature or 0)
        if temperature:
            for name, (value, default) in choices.items():
                setattr(sampling, name, default if value is None else value)
            sampling.seed = random.getrandbits(32) if seed is None else seed
        sequences = [self._prompt(prompt) for prompt in prompts]
        samplers = [_Sampler(sampling, ids) for ids in sequences]
        return self._run(sequences, samplers, texts, max_tokens)

    def _run(
        self,
        prompts: list[ctypes.Array[c_int32]],
        samplers: list[_Sampler],
        texts: list[_Text] | None,
        max_tokens: int | None,
    ) -> Iterator[tuple[int, Any]]:
        if not prompts or max_tokens == 0:
            return
        context = self.context
        if len(prompts) > 1 and max_tokens is not None:
            context = self._slot_context(max(map(len, prompts)) + max_tokens)
        with self._session(len(prompts), context) as session:
            pending = dict(enumerate(prompts))  # by slot: what is to be evaluated next
            if len(prompts) == 1:
                pending[0] = session.keep_common(prompts[0])
            written = 0
            while pending:
                session.evaluate(pending)
                written += 1
                for row, slot in enumerate(list(pending)):
                    number = samplers[slot].sample(session, row)
                    ended = written == max_tokens or session.lengths[slot] == context or self._is_end(number)
                    if texts is None:
                        yield slot, number
                    elif piece := texts[slot].push(number, ended):
                        yield slot, piece
                    if ended or (texts is not None and texts[slot].stopped):
                        del pending[slot]
                    else:
                        pending[slot] = (c_int32 * 1)(number)

    def _slot_context(self, tokens: int) -> int:
        """Room for so many tokens that gives the same logits as the whole context: some models turn
        positions differently where there is room for more than they were first trained for."""
        manifest = c_char_p()
        library().frit_model_manifest(self._handle, byref(manifest))
        tables = json.loads(manifest.value or b"")["rope_tables"]
        limits = [table["original_context"] for table in tables if table["long_factors"]]
        least = max((limit + 1 for limit in limits if limit < self.context), default=1)
        return min(self.context, max(least, tokens))

    def _is_end(self, number: int) -> bool:
        if not self.info.has_tokenizer:
            return False
        is_end = c_int()
        library().frit_is_end(self._handle, number, byref(is_end))
        return bool(is_end)

    @contextlib.contextmanager
    def _session(self, slots: int, context: int) -> Iterator[_Session]:
        """The session that was used last, if nobody has it, or a new one."""
        session = None
        if slots == 1:
            with self._lock:
                session, self._idle = self._idle, None
        if session is None or session.process != os.getpid():
            session = _Session(self, slots, context)
        try:
            yield session
        except GeneratorExit:  # whoever reads the stream has enough
            pass
        # After any other exception nobody knows what is in the session: it is not used again.
        if slots == 1:
            with self._lock:
                self._idle = session


class _Session(Handle):
    """Caches of some sequences, and threads."""

    def __init__(self, model: Model, slots: int, context: int) -> None:
        lib = library()
        options = runtime.SessionOptions(context=context, slots=slots, threads=model._threads)
        super().__init__(lib.frit_session_create, lib.frit_session_free, model._handle, options)
        self.lengths = [0] * slots
        self.held: list[int] = []  # the tokens of slot 0

    def evaluate(self, parts: Mapping[int, ctypes.Array[c_int32]], wanted: int = runtime.LOGITS_LAST) -> None:
        """Appends ids to slots. The logits are those of the last of each, in the order of `parts`."""
        lib = library()
        count = sum(map(len, parts.values()))
        if len(parts) == 1:
            ((slot, ids),) = parts.items()
            self._call(count > 1, lambda: lib.frit_eval(self, slot, ids, count, wanted))
        else:
            tokens = (
                runtime.Token(number, self.lengths[slot] + index, slot, index + 1 == len(ids))
                for slot, ids in parts.items()
                for index, number in enumerate(ids)
            )
            batch = (runtime.Token * count)(*tokens)
            self._call(count > len(parts), lambda: lib.frit_eval_batch(self, batch, count))
        for slot, ids in parts.items():
            self.lengths[slot] += len(ids)
        self.held += parts.get(0, ())

    def _call(self, long: bool, function: Callable[[], Any]) -> None:
        """Python handles Ctrl-C in its main thread between two calls: what takes long is called elsewhere."""
        if not long or threading.current_thread() is not threading.main_thread():
            function()
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as helper:
            future = helper.submit(function)
            try:
                future.result()
            except KeyboardInterrupt:
                library().frit_cancel(self)
                raise

    def keep(self, length: int) -> None:
        """Forgets all but the first tokens of slot 0."""
        library().frit_truncate(self, 0, length)
        self.lengths[0] = length
        del self.held[length:]

    def keep_common(self, prompt: ctypes.Array[c_int32]) -> ctypes.Array[c_int32]:
        """Forgets what is not the beginning of the prompt; returns the rest of it, at least a token."""
        pairs = zip(self.held, prompt)
        common = next((index for index, (old, new) in enumerate(pairs) if old != new), len(self.held))
        self.keep(min(common, len(prompt) - 1))
        return _from(prompt, self.lengths[0])


class _Sampler(Handle):
    """Chooses the tokens of one sequence."""

    def __init__(self, options: runtime.SamplerOptions, prompt: ctypes.Array[c_int32]) -> None:
        lib = library()
        super().__init__(lib.frit_sampler_create, lib.frit_sampler_free, options)
        lib.frit_sampler_accept(self, prompt, len(prompt))

    def sample(self, session: _Session, row: int) -> int:
        number = c_int32()
        library().frit_sample(self, session, row, byref(number))
        library().frit_sampler_accept(self, byref(number), 1)
        return number.value


class _Text(Handle):
    """Ids to text while they come, up to the first of `stops`."""

    def __init__(self, model: Model, stops: list[str]) -> None:
        lib = library()
        super().__init__(lib.frit_decoder_create, lib.frit_decoder_free, model._handle, runtime.SKIP_SPECIAL)
        self.stops = stops
        self.held = ""  # may be the beginning of a stop
        self.stopped = False

    def push(self, number: int, last: bool) -> str:
        """The text that is certain now; all that is left with the last token."""
        self.held += self._read(library().frit_decoder_push, number)
        if last:
            self.held += self._read(library().frit_decoder_finish)
        found = [at for stop in self.stops if (at := self.held.find(stop)) >= 0]
        self.stopped = bool(found)
        end = min(found, default=len(self.held))
        if not last and not found:
            begins = (n for stop in self.stops for n in range(1, len(stop)) if self.held.endswith(stop[:n]))
            end -= max(begins, default=0)
        text, self.held = self.held[:end], self.held[end:]
        return text

    def _read(self, function: Callable[..., Any], *arguments: Any) -> str:
        text, size = c_void_p(), c_size_t()
        function(self, *arguments, byref(text), byref(size))
        return ctypes.string_at(text, size.value).decode()


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(text[error.start]):04X}"
        raise Error(f"expected a text, found half a character, {half}, at position {error.start}") from None


def _is_batch(prompt: Any) -> bool:
    return not isinstance(prompt, str) and not (len(prompt) and hasattr(prompt[0], "__index__"))


def _int32(ids: Ids) -> ctypes.Array[c_int32]:
    """The ids for ctypes, in the memory they are in if that is possible."""
    with contextlib.suppress(TypeError):
        view = memoryview(ids)  # type: ignore[arg-type]
        if view.format == "i" and view.ndim == 1 and view.c_contiguous and not view.readonly:
            return (c_int32 * len(view)).from_buffer(view)
    try:
        numbers = array("i", list(ids))
    except OverflowError:
        raise Error("expected token ids, found a number beyond 32 bits") from None
    return (c_int32 * len(numbers)).from_buffer(numbers)


def _from(ids: ctypes.Array[c_int32], begin: int, most: int | None = None) -> ctypes.Array[c_int32]:
    """A part of the ids, in the same memory."""
    count = len(ids) - begin if most is None else min(most, len(ids) - begin)
    return (c_int32 * count).from_buffer(ids, begin * ctypes.sizeof(c_int32))
