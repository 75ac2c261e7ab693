/// What an entry is, seen together with those before it.
public struct Meaning: Sendable, Equatable {
    /// The kinds of what came in or went out.
    public enum Subject: Sendable, Equatable {
        /// What a monitor says first.
        case greeting
        /// A command.
        case command(name: String, isOutOfBand: Bool)
        /// A reply; `nil` when it is the monitor's, and that was not recorded.
        case reply(Outcome?)
        /// An event.
        case event(name: String)
        /// Bytes that were no valid document.
        case invalid
        /// A message of another kind.
        case message
    }

    /// How a command ended.
    public enum Outcome: Sendable, Equatable {
        /// With a value.
        case returned
        /// With an error, as far as its members are strings: such as `GenericError`, and the sentence for people.
        case failed(class: String, description: String)
    }

    /// The command that an entry belongs to.
    public struct Command: Sendable, Equatable {
        /// What is to be executed; `nil` when it was no valid document, or nobody knows.
        public var name: String?
        /// What a plugin had executed in its place; `nil` if none did.
        public var replacement: String?
        /// Whether it overtakes in-band commands.
        public var isOutOfBand: Bool
        /// Whose it is; `nil` if it is the proxy's or a plugin's.
        public var client: Int?
        /// The plugin whose it is.
        public var plugin: String?
        /// When it was asked for; `nil` if that is not in the recording.
        public var asked: Instant?
        /// What the monitor replied, if it did.
        public var outcome: Outcome?

        /// A command.
        public init(
            name: String? = nil,
            isOutOfBand: Bool = false,
            client: Int? = nil,
            plugin: String? = nil,
            asked: Instant? = nil
        ) {
            self.name = name
            self.isOutOfBand = isOutOfBand
            self.client = client
            self.plugin = plugin
            self.asked = asked
        }
    }

    /// What came in or went out; `nil` if nothing did.
    public var subject: Subject?
    /// The command that the entry belongs to, if it is known.
    public var command: Command?
    /// The client whose entry it is, or the one whose command.
    public var client: Int?
    /// The plugin whose entry it is, or the one whose command.
    public var plugin: String?
    /// In a reply, microseconds since the command was asked for.
    public var latency: Int64?
    /// Whether this reply is the last entry of its command.
    public var endsCommand: Bool

    /// A meaning, without what is not given.
    public init(
        subject: Subject? = nil,
        command: Command? = nil,
        client: Int? = nil,
        plugin: String? = nil,
        latency: Int64? = nil,
        endsCommand: Bool = false
    ) {
        self.subject = subject
        self.command = command
        self.client = client
        self.plugin = plugin
        self.latency = latency
        self.endsCommand = endsCommand
    }

    /// The error that the entry tells of, if it does: a failed reply's.
    public var failure: (class: String, description: String)? {
        guard case .reply(.failed(let errorClass, let description)) = subject else { return nil }
        return (errorClass, description)
    }
}
