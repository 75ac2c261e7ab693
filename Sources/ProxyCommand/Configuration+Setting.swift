internal import PluginKit

extension Configuration {
    /// What is set for a plugin, and where each part of it was said.
    struct Setting {
        /// What was written.
        enum Content {
            /// A text, as numbers and truth values are, too.
            case text(String)
            /// A list.
            case list([Setting])
            /// Keys and their values.
            case mapping([Member])
        }

        /// A key with its value.
        struct Member {
            var key: String
            var setting: Setting
        }

        /// What was written.
        var content: Content
        /// Where.
        var place: Place

        /// Puts a value in place of what is there.
        ///
        /// - Parameters:
        ///   - path: the keys that lead to it; what is no mapping on the way becomes one.
        ///   - setting: the value.
        ///   - flag: how a flag says where this setting is, such as `--set guard.policies`.
        mutating func set(_ path: ArraySlice<String>, to setting: Setting, flag: String) {
            guard let key = path.first else {
                self = setting
                return
            }
            var members: [Member] = []
            if case .mapping(let present) = content { members = present } else { place = Place(path: flag) }
            let flag = "\(flag).\(key)"
            let index = members.firstIndex { $0.key == key } ?? members.count
            if index == members.count {
                members.append(Member(key: key, setting: Setting(content: .mapping([]), place: Place(path: flag))))
            }
            members[index].setting.set(path.dropFirst(), to: setting, flag: flag)
            content = .mapping(members)
        }

        /// Where a part of it was said; of what is not there, where it would be.
        func place(of path: ArraySlice<String>) -> Place {
            guard let step = path.first else { return place }
            let part: Setting? =
                switch content {
                case .text: nil
                case .list(let elements): zip(0..., elements).first { "[\($0.0)]" == step }?.1
                case .mapping(let members): members.first { $0.key == step }?.setting
                }
            guard let part else {
                var missing = place
                missing.path = PluginSettings.text(of: [place.path] + path)
                return missing
            }
            return part.place(of: path.dropFirst())
        }
    }
}
