internal import PluginKit

/// A person decides.
struct OperatorArbiter: Arbiter {
    let waitsFor: String? = """
        an operator decides: on the side that is to go on, and only there, `qmp-proxy colo failover`; make sure first \
        that the other one does not run
        """

    mutating func asked(_ question: Question, _ context: inout PluginContext) -> Decision? {
        question.isOrdered ? .goOn : nil
    }
}
