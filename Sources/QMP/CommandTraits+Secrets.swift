/// Which commands carry secrets, and where.
extension CommandTraits {
    /// Where a command and its reply carry secrets.
    public struct Secrets: Sendable, Equatable {
        /// When they do.
        public enum Condition: Sendable {
            /// Always.
            case always
            /// When it has any of the members.
            case ofMembers
            /// When the `property` that is asked for is one of ``CommandTraits/secretProperties``, or not to be known.
            case ofProperty
            /// When the line for the human monitor is one that does.
            case ofLine
            /// When it has any of the members, or a `uri` that is none of ``CommandTraits/plainProtocols``.
            case ofURI
        }

        /// What of a successful reply is secret; of an error it is always the description, which may quote.
        public enum Reply: Sendable, Equatable {
            /// Nothing.
            case nothing
            /// The members of these names, at any depth.
            case members([String])
            /// All of it.
            case all
        }

        /// When it carries them.
        public let condition: Condition
        /// The members whose values are secret, at any depth of the arguments.
        public let members: [String]
        /// What of the reply is.
        public let reply: Reply

        init(_ members: [String], when condition: Condition = .always, reply: Reply = .nothing) {
            self.condition = condition
            self.members = members
            self.reply = reply
        }
    }

    /// A member that is secret in whatever command it stands.
    public static let secretMember = "password"

    /// The commands that carry secrets, by name: QEMU's own (qapi/*.json), those of versions before, and the guest
    /// agent's (qga/qapi-schema.json).
    ///
    /// What only names a secret, such as `password-secret`, is none.
    public static let secrets: [String: Secrets] = [
        "set_password": Secrets(["password"]),
        "change-vnc-password": Secrets(["password"]),
        // Gone with 6.0: {"device": "vnc", "target": "password", "arg": …}.
        "change": Secrets(["arg"]),
        // `data` of secret, `serial` of secret_keyring, the rest of sev-guest; before 6.0 they stood under `props`.
        "object-add": Secrets(["data", "serial", "id-auth", "host-data"], when: .ofMembers),
        "sev-inject-launch-secret": Secrets(["packet-header", "secret"]),
        "blockdev-add": block,
        "blockdev-create": block,
        "blockdev-reopen": block,
        "x-blockdev-reopen": block,
        "x-blockdev-amend": block,
        // What is typed into the guest.
        "send-key": Secrets(["keys"]),
        "input-send-event": Secrets(["events"]),
        "ringbuf-write": Secrets(["data"]),
        "ringbuf-read": Secrets([], reply: .all),
        "qom-set": Secrets(["value"], when: .ofProperty),
        "qom-get": Secrets([], when: .ofProperty, reply: .all),
        "qom-list-get": Secrets([], reply: .members(["value"])),
        "migrate": Secrets(["args"], when: .ofURI),
        "migrate-incoming": Secrets(["args"], when: .ofURI),
        "migrate-recover": Secrets([], when: .ofURI),
        "human-monitor-command": Secrets([], when: .ofLine, reply: .all),
        "guest-set-user-password": Secrets(["password"]),
        "guest-ssh-add-authorized-keys": Secrets(["keys"]),
        "guest-exec": Secrets(["arg", "env", "input-data"]),
        "guest-exec-status": Secrets([], reply: .members(["out-data", "err-data"])),
        "guest-file-write": Secrets(["buf-b64"]),
        "guest-file-read": Secrets([], reply: .members(["buf-b64"])),
    ]

    /// curl's `cookie`, iscsi's `password` and rbd's `key` (qapi/block-core.json).
    private static let block = Secrets(["cookie", "password", "key"], when: .ofMembers)

    /// Properties of QEMU's objects that hold a secret (crypto/secret_common.c, crypto/secret_keyring.c,
    /// target/i386/sev.c, and what is named so elsewhere).
    public static let secretProperties = [
        "data", "rawdata", "serial", "password", "secret", "cookie", "id-auth", "host-data",
    ]

    /// What a migration may go over that runs no program; `exec:` is followed by a whole command line
    /// (migration/migration.c, `migrate_uri_parse`).
    public static let plainProtocols = ["tcp", "unix", "fd", "file", "rdma", "vsock", "defer"]

    /// Commands of the human monitor that carry secrets, or get them back (hmp-commands.hx).
    public static let secretVerbs = [
        "set_password", "object_add", "drive_add", "qom-set", "qom-get", "sendkey", "ringbuf_write", "ringbuf_read",
        "block_passwd",
    ]
}
