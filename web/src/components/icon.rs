//! Line icons, drawn in the colour of the text around them. The drawings are Lucide's.

use leptos::prelude::*;

/// The icons that this app has, called after what they mean here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Show.
    Eye,
    /// Hide again.
    EyeOff,
    /// Put on the clipboard.
    Copy,
    /// Change.
    Pencil,
    /// Delete.
    Bin,
    /// Make something.
    Plus,
    /// Make another one like it.
    Clone,
    /// Log out.
    Leave,
    /// A warning.
    Warning,
    /// Something worth knowing.
    Info,
    /// Close, clear, take away from a list.
    Cross,
    /// Done.
    Check,
    /// Done, as a state.
    Done,
    /// Opens a choice below.
    Down,
    /// The next level.
    Right,
    /// Move up in a list.
    Up,
    /// Move down in a list.
    Lower,
    /// Look for something.
    Search,
    /// More actions.
    More,
    /// The navigation.
    Menu,
    /// A folder.
    Folder,
    /// A new folder.
    FolderPlus,
    /// Projects.
    Projects,
    /// A machine identity.
    Robot,
    /// Keys and recovery.
    Key,
    /// A secret.
    Secret,
    /// The server.
    Server,
    /// A person.
    Person,
    /// Sunlight: the light theme.
    Sun,
    /// Moonlight: the dark theme.
    Moon,
    /// The system's theme.
    Monitor,
    /// Settings.
    Settings,
    /// Send to the server.
    Upload,
    /// Get from the server.
    Download,
    /// A file that is read.
    File,
    /// Print.
    Printer,
    /// Earlier versions.
    History,
    /// Take back.
    Undo,
    /// Again.
    Again,
    /// Protected.
    Shield,
    /// Open.
    Unlocked,
    /// The command line.
    Terminal,
    /// The keyboard.
    Keyboard,
    /// Backups.
    Archive,
}

impl Icon {
    fn drawing(self) -> &'static str {
        match self {
            Self::Eye => icondata_lu::LuEye.data,
            Self::EyeOff => icondata_lu::LuEyeOff.data,
            Self::Copy => icondata_lu::LuCopy.data,
            Self::Pencil => icondata_lu::LuPencil.data,
            Self::Bin => icondata_lu::LuTrash2.data,
            Self::Plus => icondata_lu::LuPlus.data,
            Self::Clone => icondata_lu::LuCopyPlus.data,
            Self::Leave => icondata_lu::LuLogOut.data,
            Self::Warning => icondata_lu::LuTriangleAlert.data,
            Self::Info => icondata_lu::LuInfo.data,
            Self::Cross => icondata_lu::LuX.data,
            Self::Check => icondata_lu::LuCheck.data,
            Self::Done => icondata_lu::LuCircleCheck.data,
            Self::Down => icondata_lu::LuChevronDown.data,
            Self::Right => icondata_lu::LuChevronRight.data,
            Self::Up => icondata_lu::LuArrowUp.data,
            Self::Lower => icondata_lu::LuArrowDown.data,
            Self::Search => icondata_lu::LuSearch.data,
            Self::More => icondata_lu::LuEllipsis.data,
            Self::Menu => icondata_lu::LuMenu.data,
            Self::Folder => icondata_lu::LuFolder.data,
            Self::FolderPlus => icondata_lu::LuFolderPlus.data,
            Self::Projects => icondata_lu::LuLayoutGrid.data,
            Self::Robot => icondata_lu::LuBot.data,
            Self::Key | Self::Secret => icondata_lu::LuKeyRound.data,
            Self::Server => icondata_lu::LuServer.data,
            Self::Person => icondata_lu::LuUserRound.data,
            Self::Sun => icondata_lu::LuSun.data,
            Self::Moon => icondata_lu::LuMoon.data,
            Self::Monitor => icondata_lu::LuMonitor.data,
            Self::Settings => icondata_lu::LuSettings2.data,
            Self::Upload => icondata_lu::LuUpload.data,
            Self::Download => icondata_lu::LuDownload.data,
            Self::File => icondata_lu::LuFileUp.data,
            Self::Printer => icondata_lu::LuPrinter.data,
            Self::History => icondata_lu::LuHistory.data,
            Self::Undo => icondata_lu::LuUndo2.data,
            Self::Again => icondata_lu::LuRotateCcw.data,
            Self::Shield => icondata_lu::LuShieldCheck.data,
            Self::Unlocked => icondata_lu::LuLockOpen.data,
            Self::Terminal => icondata_lu::LuTerminal.data,
            Self::Keyboard => icondata_lu::LuKeyboard.data,
            Self::Archive => icondata_lu::LuArchive.data,
        }
    }
}

/// Draws an icon. It says nothing to a screen reader: the button or text around it does.
#[component]
pub fn Glyph(
    /// Which one.
    icon: Icon,
) -> impl IntoView {
    // The drawing is a constant of this program, never anybody's input.
    view! { <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" inner_html=icon.drawing()></svg> }
}
