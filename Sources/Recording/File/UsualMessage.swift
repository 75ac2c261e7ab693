public import QMP

/// What most entries of a recording tell: that a message came from the monitor or a client, or went there.
///
/// Apart from all else that an entry may tell, since every message becomes one: it is handed on without memory of its
/// own, and read without a copy.
public struct UsualMessage: Sendable {
    let message: SplicedMessage
    let time: Instant
    private let clientOrZero: Int
    private let commandOrZero: Int
    let descriptors: Int
    let form: Entry.Form
    let isSent: Bool

    /// A message.
    ///
    /// - Parameters:
    ///   - message: what came or went.
    ///   - form: how it is written.
    ///   - isSent: whether it went.
    ///   - client: the client's number, from 1; `nil` is the monitor.
    ///   - command: the proxy's number of the command, from 1.
    ///   - descriptors: how many went with it.
    ///   - time: when.
    public init(
        _ message: consuming SplicedMessage,
        _ form: Entry.Form,
        isSent: Bool,
        client: Int?,
        command: Int?,
        descriptors: Int,
        at time: Instant
    ) {
        self.message = message
        self.time = time
        clientOrZero = client ?? 0
        commandOrZero = command ?? 0
        self.descriptors = descriptors
        self.form = form
        self.isSent = isSent
    }

    private init() {
        message = SplicedMessage([])
        time = .zero
        clientOrZero = 0
        commandOrZero = 0
        descriptors = 0
        form = .json
        isSent = false
    }

    /// Nothing, where something must stand.
    static let none = UsualMessage()

    var client: Int? { clientOrZero == 0 ? nil : clientOrZero }
    var command: Int? { commandOrZero == 0 ? nil : commandOrZero }

    var kind: Entry.Kind {
        let content = Entry.Content.message(message, form)
        return isSent ? .sent(content) : .received(content)
    }
}
