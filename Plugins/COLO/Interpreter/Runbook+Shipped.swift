internal import QMP

extension Runbook {
    /// The runbooks that come with the plugin, one for each procedure.
    enum Shipped: String, CaseIterable, Sendable {
        /// A secondary is made ready.
        case secondaryStart = "secondary-start"
        /// A primary attaches it and begins.
        case primaryStart = "primary-start"
        /// The primary goes on alone.
        case primaryFailover = "primary-failover"
        /// The secondary goes on alone.
        case secondaryFailover = "secondary-failover"
        /// A primary that is alone takes a new secondary.
        case primaryResume = "primary-resume"
        /// A secondary of before that is alone takes a new secondary.
        case secondaryResume = "secondary-resume"
        /// A start that has failed is taken back.
        case undoStart = "undo-start"
        /// A resume that has failed is taken back.
        case undoResume = "undo-resume"
        /// The other side goes on, and this QEMU ends.
        case standDown = "stand-down"
        /// The time between checkpoints is changed.
        case checkpointDelay = "checkpoint-delay"
        /// As ``secondaryStart``, in the older mode without filters.
        case periodicSecondaryStart = "periodic-secondary-start"
        /// As ``primaryStart``, in the older mode without filters.
        case periodicPrimaryStart = "periodic-primary-start"
        /// As ``primaryFailover``, in the older mode without filters.
        case periodicPrimaryFailover = "periodic-primary-failover"
        /// As ``secondaryFailover``, in the older mode without filters.
        case periodicSecondaryFailover = "periodic-secondary-failover"

        /// The file's name.
        var file: String { "\(rawValue).qmp" }

        /// The file, unless the operator has one of that name.
        var text: Bytes {
            switch self {
            case .secondaryStart: PackageResources.secondary_start_qmp[...]
            case .primaryStart: PackageResources.primary_start_qmp[...]
            case .primaryFailover: PackageResources.primary_failover_qmp[...]
            case .secondaryFailover: PackageResources.secondary_failover_qmp[...]
            case .primaryResume: PackageResources.primary_resume_qmp[...]
            case .secondaryResume: PackageResources.secondary_resume_qmp[...]
            case .undoStart: PackageResources.undo_start_qmp[...]
            case .undoResume: PackageResources.undo_resume_qmp[...]
            case .standDown: PackageResources.stand_down_qmp[...]
            case .checkpointDelay: PackageResources.checkpoint_delay_qmp[...]
            case .periodicSecondaryStart: PackageResources.periodic_secondary_start_qmp[...]
            case .periodicPrimaryStart: PackageResources.periodic_primary_start_qmp[...]
            case .periodicPrimaryFailover: PackageResources.periodic_primary_failover_qmp[...]
            case .periodicSecondaryFailover: PackageResources.periodic_secondary_failover_qmp[...]
            }
        }
    }

    /// A runbook that comes with the plugin, filled in.
    ///
    /// - Throws: what is wrong in the file, with the line.
    init(_ shipped: Shipped, variables: RunbookVariables) throws(Invalid) {
        try self.init(parsing: shipped.text, name: shipped.rawValue, file: shipped.file, variables: variables)
    }
}
