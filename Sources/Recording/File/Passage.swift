/// How a message came from the monitor or a client, or went there.
///
/// Together with the message that is all that most entries tell; so it is no more than some numbers.
public struct Passage: Sendable {
    let time: Instant
    let client: Int?
    let command: Int?
    let descriptors: Int
    let form: Entry.Form
    let isSent: Bool

    /// How a message came, or went.
    ///
    /// - Parameters:
    ///   - time: when.
    ///   - form: how the message is written.
    ///   - isSent: whether it went.
    ///   - client: the client's number, from 1; `nil` is the monitor.
    ///   - command: the proxy's number of the command, from 1.
    ///   - descriptors: how many went with it.
    public init(at time: Instant, _ form: Entry.Form, isSent: Bool, client: Int?, command: Int?, descriptors: Int) {
        self.time = time
        self.client = client
        self.command = command
        self.descriptors = descriptors
        self.form = form
        self.isSent = isSent
    }
}
