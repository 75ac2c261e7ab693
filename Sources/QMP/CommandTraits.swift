/// What the proxy must know of some commands.
public enum CommandTraits {
    /// Whether QEMU, asked so, takes the descriptors that came with it: `getfd` and `add-fd` (monitor/fds.c), with
    /// arguments that pass their schema.
    ///
    /// With others QEMU refuses the command and would keep the descriptors, for whoever asks next.
    public static func takesDescriptors(_ command: Command) -> Bool {
        guard !command.isOutOfBand else { return false }
        switch command.name {
        case "getfd":
            let arguments = command.arguments
            return arguments.count == 1 && arguments[0].key == "fdname" && arguments[0].value.string != nil
        case "add-fd":
            return command.arguments.allSatisfy { argument in
                switch argument.key {
                case "fdset-id": argument.value.integer != nil
                case "opaque": argument.value.string != nil
                default: false
                }
            }
        default: return false
        }
    }

    /// Whether QEMU executes a command of that name out-of-band (qapi/*.json, `allow-oob`; the same in 6.0 to 10.2).
    public static func allowsOutOfBand(_ name: String) -> Bool {
        ["migrate-pause", "migrate-recover", "query-yank", "yank"].contains(name)
    }

    /// The descriptor name that `getfd` makes or `closefd` ends.
    public static func descriptorName(of command: Command) -> String? {
        guard command.name == "getfd" || command.name == "closefd" else { return nil }
        return JSONValue.object(command.arguments)["fdname"]?.string
    }
}
