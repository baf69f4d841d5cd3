using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Ui.Shell;

public sealed partial class MainLayout
{
    private ErrorBoundary? _boundary;

    private string Workspace { get; } = "default";

    // An error belongs to the page that made it: the next page starts clean.
    protected override void OnParametersSet() => _boundary?.Recover();
}
