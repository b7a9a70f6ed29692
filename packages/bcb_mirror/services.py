"""The services in the fee lists, with the Central Bank's names and codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One service: ``code``, ``unit``, ``period``, a ``usual`` ceiling in reais, ``name``."""

    code: str
    unit: str
    period: str
    usual: int
    name: str

    @property
    def person(self) -> str:
        """J (legal persons) or F (natural persons)."""
        return "F" if self.code[:2] in _NATURAL else "J"


_NATURAL = {"11", "12", "13", "14", "15", "16", "17"}
# 1207, 1208 and 1215 occur in no known answer; their names are modelled on those of their neighbours.
_TABLE = """
0101|por cliente|Por evento|450|Confecção de ficha cadastral
0102|por cliente|A cada 180 dias|200|Renovação de ficha cadastral
0103|por consulta|Por evento|50|Consultas a serviços de proteção ao crédito
0201|por cartao|A cada 0 dias|13|Comum, para débito, saque e consultas
0202|por cartao|A cada 0 dias|13|Débito, saque e garantia de cheque-anuidade do contrato
0203|por cartao|Por evento|13|Débito, saque e garantia de cheque-confecção do cartão
0204|por cartao|A cada 0 dias|124|Cartão multiplo-nacional-anuidade do contrato
0205|por cartao|Por evento|10|Cartão multiplo-nacional-confecção do cartão
0206|por cartao|A cada 0 dias|650|Cartão multiplo-internacional-anuidade do contrato
0207|por cartao|Por evento|20|Cartão multiplo-internacional-confecção do cartão
0208|por cartao|A cada 0 dias|110|Cartão multiplo adicional-nacional-anuidade do contrato
0209|por cartao|Por evento|10|Cartão multiplo adicional-nacional-confecção do cartão
0210|por cartao|A cada 0 dias|650|Cartão multiplo adicional-intern.-anuidade do contrato
0211|por cartao|Por evento|20|Cartão multiplo adicional-Intern.-confecção do cartão
0301|por talao|Por evento|18|Talão-10 folhas
0302|por talao|Por evento|20|Talão-20 folhas (segundo talão no mês)
0303|por cheque|Por evento|30|Cheque administrativo
0304|por cheque|Por evento|8|Cheque avulso
0305|por cheque|Por evento|30|Cheque devolvido por insuficiência de fundos
0306|por cheque|Por evento|15|Oposição/sustação de pagamento de cheque
0308|por cheque|Por evento|40|Inclusão no Cadastro de Cheques sem Fundo
0309|por cheque|Por evento|50|Exclusão do Cadastro de Cheques sem Fundo
0310|por cheque|Por evento|3|Cobrança de cheque por compensação
0311|por cheque|Por evento|8|Cheque TB (Transferência Bancária sem CPMF)
0312|por cheque|Por evento|1|Cheque Administrativo com vl.igual ou superior a R$5.000,00 (vl.fx.+%)
0313|por cheque|Por evento|1|Cobrança de Cheque por compensação com Vl. = ou > R$ 5.000,00(Vl.fx+%)
0314|por cheque|Por evento|1|Cheque TB com valor igual ou superior R$ 5.000,00 (vl.fixo + %)
0401|por conta|Por evento|88|Abertura de conta
0402|por conta|A cada 30 dias|100|Manutenção de conta ativa
0403|por conta|A cada 30 dias|100|Manutenção de conta inativa
0404|por operacao|Por evento|50|Adiant. a deposit., incl. excesso limite de ch. especial
0405|por conta|Por evento|68|Concessão de cheque especial/conta garantida
0406|por conta|A cada 180 dias|250|Renovação de cheque especial/conta garantida
0407|por operacao|Por evento|5|Débito autorizado em conta-corrente
0408|por conta|A cada 0 dias|1|Banco domestico-conta principal (com limite de acessos)
0409|por conta|A cada 0 dias|1|Banco doméstico-conta secundária (com limite de acessos)
0501|por saque|Por evento|8|Saque em caixa automática externa/banco 24 horas
0502|por operacao|Por evento|20|Emissão de DOC C
0503|por operacao|Por evento|20|Emissão de DOC D
0504|por operacao|Por evento|30|Ordem de Pagamento
0505|por operacao|Por evento|15|Depósito em outra agência
0506|por operacao|Por evento|20|Transferência Eletrônica Disponível - TED
0601|por emissao|Por evento|4|Em terminal  eletrônico
0602|por emissao|Por evento|10|Por outros meios
0603|por emissao|Por evento|10|Cópias de microfilmes, microfichas ou assemelhados
0701|por titulo|Por evento|10|Entrada por borderô (listagem de titulos)
0702|por titulo|Por evento|10|Entrada por meio magnético
0703|por titulo|Por evento|8|Entrada sem registro - por boleto emitido pelo cliente
0704|por titulo|A cada 30 dias|7|Manutenção de título vencido
0705|por titulo|Por evento|15|Envio para protesto
0706|por titulo|Por evento|16|Sustação de protesto
0707|por titulo|Por evento|10|Devolução de título
0801|por operacao|Por evento|500|Abertura de crédito
0802|por operacao|Por evento|500|Renegociação de dívida
0803|por operacao|Por evento|800|Substituição de garantia
0804|por operacao|Por evento|6|Custódia de cheque pré-datado
0805|por operacao|Por evento|200|Rescisão Contratual (Quitação Antecipada)
0901|por copia|Por evento|20|Segunda via de documento
0902|por chamada|Por evento|10|Ressarcimento de despesas-telefonema
0903|por folha|Por evento|9|Ressarcimento de despesas-fax
0904|por envelope|Por evento|12|Envelopamento de documentos
0905|por funcionario|Por evento|4|Pagamento de funcionários via relação
0906|por funcionario|Por evento|4|Pagamento de funcionários via meio magnético
1001|por operacao|Por evento|400|Exportação: Edição de Contrato de Câmbio
1002|por operacao|Por evento|550|Exportação: Edição de Contrato de Câmbio via Internet
1003|por operacao|Por evento|270|Exportação: Liquidação com Ordem de Pagamento
1004|por operacao|Por evento|270|Exportação: Conferência de Documentos
1005|por operacao|Por evento|485|Exportação: Câmbio Simplicado (todas as despesas do cliente no Banco)
1006|por operacao|Por evento|300|Importação: Edição de Contrato de Câmbio
1007|por operacao|Por evento|250|Importação: Emissão de Ordem de Pagamento
1008|por operacao|Por evento|400|Importação: Demais Tarifas (Não incluem despesas no Exteior)
1009|por operacao|Por evento|550|Importação: Câmbio Simplificado(Todas as despesas do cliente no Banco)
1010|por operacao|Por evento|300|Financeiro -Ingresso de Recursos: Edição de Contrato de Câmbio
1011|por operacao|Por evento|550|Financeiro-Ingresso de Recursos:Edição de Cont. de Câmbio Via Internet
1012|por operacao|Por evento|270|Financeiro -Ingresso de Recursos: Liquidação com Ordem de pagamento
1013|por operacao|Por evento|1350|Financeiro - Ingresso de Recursos: Confecção de ROF
1014|por operacao|Por evento|1200|Financeiro - Ingresso de Recursos : Confecção de esquema de ROF
1015|por operacao|Por evento|1200|Financeiro - Ingresso de Recursos: Confecção de Cadastro no Cademp
1016|por operacao|Por evento|338|Financeiro -Remessa de Recursos: Edição de Contrato de Câmbio
1017|por operacao|Por evento|600|Financeiro-Remessa de Recursos: Edição de Cont. de Câmbio Via Internet
1018|por operacao|Por evento|250|Financeiro - Remessa de Recursos: Emissão de Ordem de Pagamento
1019|por operacao|Por evento|995|Financeiro - Remessa de Recursos: Alteração de ROF
1101|por cliente|Por evento|1000|Confecção de cadastro para início de relacionamento - CADASTRO
1201|por cliente|Por evento|14|CARTÃO - Fornecimento de 2º via de cartão com função débito
1202|por cliente|Por evento|13|CARTÃO - Fornec. de 2ª via de cartão com função mov. conta de poupança
1203|por operacao|Por evento|56|CHEQUE - Exclusão do Cadastro de Emitentes de Cheques sem Fundo (CCF)
1204|por cheque|Por evento|15|CHEQUE - Contra-ordem e oposição ao pagamento de cheque
1205|por cheque|Por evento|2|CHEQUE - Fornecimento de folhas de cheque
1206|por cheque|Por evento|50|CHEQUE - Cheque Administrativo
1207|por cheque|Por evento|20|CHEQUE - Cheque visado
1208|por cheque|Por evento|8|CHEQUE - Microfilme ou cópia de cheque compensado
1209|por operacao|Por evento|4|Saque de conta de depósitos à vista e de poupança - SAQUE pessoal
1210|por operacao|Por evento|4|Saque de conta de depósitos à vista e de poupança - SAQUE Terminal
1211|por operacao|Por evento|2|Saque de conta de dep. à vista e de poupança - SAQUE correspondente
1212|por operacao|Por evento|5|DEPÓSITO - Depósito Identificado
1213|por operacao|Por evento|6|Forn. de ext. de um periodo conta dep. à vista e poup. - EXTRATO (P)
1214|por operacao|Por evento|4|Forn. de ext. de um periodo conta dep. à vista e poup. - EXTRATO (E)
1215|por operacao|Por evento|10|Fornecimento de cópia de microfilme, microficha ou assemelhado
1216|por operacao|Por evento|6|Ext. mensal de conta de dep. à vista e poup. p/um período -EXTRATO(P)
1217|por operacao|Por evento|3|Ext. mensal de conta de dep. à vista e Poup. p/um período - EXTRATO(E)
1304|por operacao|Por evento|20|Transferência agendada por meio de DOC/TED - DOC/TED agendado(P)
1305|por operacao|Por evento|20|Transferência agendada por meio de DOC/TED - DOC/TED agendado(E)
1306|por operacao|Por evento|20|Transferência agendada por meio de DOC/TED - DOC/TED agendado(I)
1307|por operacao|Por evento|6|Transferência entre contas na própria instituição- TRANSF. RECURSOS(P)
1308|por operacao|Por evento|2|Transferência entre contas na própria instituição-TRANSF.RECURSOS(E/I)
1309|por operacao|Por evento|21|Ordem de Pagamento - ORDEM PAGAMENTO
1310|por evento|Por evento|20|Transferência por meio de DOC - DOC Pessoal
1311|por evento|Por evento|20|Transferência por meio de DOC - DOC eletrônico
1312|por evento|Por evento|20|Transferência por meio de DOC - DOC internet
1313|por evento|Por evento|20|Transferência por meio de TED - TED pessoal
1314|por evento|Por evento|16|Transferência por meio de TED - TED eletrônico
1315|por evento|Por evento|12|Transferência por meio de TED - TED internet
1401|por operacao|Por evento|62|Concessão de adiantamento a depositante - ADIANT. DEPOSITANTE
1501|por cliente|Por evento|16|PACOTE PADRONIZADO DE SERVIÇOS I
1502|por cliente|Por evento|22|PACOTE PADRONIZADO DE SERVIÇOS II
1503|por cliente|Por evento|29|PACOTE PADRONIZADO DE SERVIÇOS III
1504|por cliente|Por evento|40|PACOTE PADRONIZADO DE SERVIÇOS IV
1601|a cada 365 dias|A cada 0 dias|126|Anuidade - cartão básico nacional
1602|por evento|Por evento|17|Fornecimento de 2ª via de cartão com função crédito
1603|por evento|Por evento|12|Utilização de canais de atend. para retirada em espécie - no país
1604|por evento|Por evento|60|Pagamento de contas utilizando a função crédito em espécie
1605|por evento|Por evento|19|Avaliação emergencial de crédito
1606|a cada 365 dias|A cada 360 dias|210|Anuidade - cartão básico internacional
1607|por evento|Por evento|20|Utilização de canais de atend. para retirada em espécie - no exterior
1701|por operacao|Por evento|45|Venda de moeda estrangeira - espécie
1702|por operacao|Por evento|10|Venda de moeda estrangeira - cheque de viagem
1703|por operacao|Por evento|200|Venda de moeda estrangeira - cartão pré-pago - emissão e carga
1704|por operacao|Por evento|200|Venda de moeda estrangeira - cartão pré-pago - recarga
1705|por operacao|Por evento|45|Compra de moeda estrangeira - espécie
1706|por operacao|Por evento|10|Compra de moeda estrangeira - cheque de viagem
1707|por operacao|Por evento|200|Compra de moeda estrangeira - cartão pré-pago
"""


def _parsed(line: str) -> Service:
    code, unit, period, usual, name = line.split("|")
    return Service(code, unit, period, int(usual), name)


SERVICES = tuple(_parsed(line) for line in _TABLE.split("\n") if line)
