internal import QMP

extension Command {
    /// A command that a simulated plugin or client makes, which is never too large.
    init(simulated name: String, _ arguments: [JSONValue.Member], isOutOfBand: Bool = false) {
        do throws(ProtocolError) {
            try self.init(name, arguments, isOutOfBand: isOutOfBand)
        } catch {
            preconditionFailure("what is simulated is short and finite: \(error.description.text)")
        }
    }
}
