"""Invented names of institutions, which sound Brazilian but belong to no bank."""

from __future__ import annotations

from random import Random

# fmt: off
_ONSETS = (
    "ABAC", "ACAMB", "AIVUR", "ARUNG", "BAIVER", "BORUND", "CAIPÓR", "CAMIR", "CUNHAB", "DIVAC", "ERUTIN",
    "GUAVIR", "IBIRUÇ", "IGUAR", "INHUP", "IPER", "JABUC", "JACUR", "JURUT", "LAVIR", "LUMIAR", "MABUR", "MACUÇ",
    "MIRUNG", "NHANDUT", "OIRAMB", "PACUR", "PIRUB", "QUIRIMB", "SABUR", "SERUT", "SUMIR", "TABUV", "TIMBUR",
    "TURUV", "UBIRUÇ", "URUTAMB", "VACUN", "XIMBUR", "ZAVIR",
)
_ENDINGS = (
    "ABEI", "ADUVA", "AGUÉ", "AIMBE", "ALUNA", "AMBUVA", "ANDIRÁ", "APEVA", "ARUBI", "ATIVE", "EIMBU", "ENDUVA",
    "ERIMÃ", "EVARU", "IBUNA", "IGUVA", "IMBERE", "INDUVA", "IRAVE", "IUNA", "OBURI", "OIVARA", "OMBEVA", "UBEVI",
    "UNDARÉ",
)
# fmt: on
_BANKS = (
    "BANCO {} S.A.",
    "{} S.A. - CRÉDITO, FINANCIAMENTO E INVESTIMENTO",
    "FINANCEIRA {} S.A. CRÉDITO, FINANCIAMENTO E INVESTIMENTO",
    "BANCO {} S.A. - BANCO MÚLTIPLO",
    "{} S/A SOCIEDADE DE CRÉDITO, FINANCIAMENTO E INVESTIMENTO",
    "BANCO {} S/A",
    "{} SOCIEDADE DE CREDITO DIRETO S.A.",
)
_PAYMENTS = ("{} INSTITUIÇÃO DE PAGAMENTO S.A.", "{} PAGAMENTOS S.A.", "{} INSTITUICAO DE PAGAMENTOS LTDA.")
_GROUPS = ("{}", "{}", "{}", "BANCO {}", "GRUPO {}", "{} BANK")
_OTHERS = {
    "04": (
        "COOPERATIVA DE CRÉDITO DE LIVRE ADMISSÃO DE {}",
        "COOPERATIVA DE ECONOMIA E CRÉDITO MÚTUO DOS SERVIDORES DE {}",
        "COOPERATIVA DE CRÉDITO RURAL COM INTERAÇÃO SOLIDÁRIA DE {}",
        "COOPERATIVA DE CREDITO RURAL {}",
    ),
    "05": ("BANCO DE DESENVOLVIMENTO {} S.A.", "{} BANCO DE INVESTIMENTO S.A."),
    "06": ("AGÊNCIA DE FOMENTO {} S.A.", "{} COMPANHIA HIPOTECÁRIA"),
    "08": ("{} ARRENDAMENTO MERCANTIL S.A.", "{} LEASING S.A."),
    "09": ("{} DTVM LTDA.", "{} DISTRIBUIDORA DE TÍTULOS E VALORES MOBILIÁRIOS LTDA."),
    "10": ("ASSOCIAÇÃO DE POUPANÇA E EMPRÉSTIMO {}",),
}


def stems(seed: int) -> list[str]:
    """Return every single-word stem, in an order that depends on the seed."""
    words = [onset + ending for onset in _ONSETS for ending in _ENDINGS]
    Random(f"{seed}:stems").shuffle(words)  # noqa: S311
    return words


def stem(words: list[str], position: int) -> str:
    """Return the ``position``-th distinct stem: single words first, then pairs of them."""
    word, round_ = position % len(words), position // len(words)
    return words[word] if round_ == 0 else f"{words[word]} {words[(word + round_) % len(words)]}"


def bank_name(random: Random, of: str) -> str:
    """Return the legal name of a bank or finance house."""
    return random.choice(_BANKS).format(of)


def payment_name(random: Random, of: str) -> str:
    """Return the legal name of a payment institution."""
    return random.choice(_PAYMENTS).format(of)


def group_name(random: Random, of: str) -> str:
    """Return the name of a conglomerate, without the ranking's suffix ``(conglomerado)``."""
    return random.choice(_GROUPS).format(of)


def other_name(random: Random, kind: str, of: str) -> str:
    """Return the legal name of an institution outside the ranking; ``kind`` is the code of its consolidated group."""
    return random.choice(_OTHERS[kind]).format(of)
