using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Projects;

/// <summary>Registers the room.</summary>
public static class ProjectsSetup
{
    /// <summary>Projects and <c>holdfast.yaml</c>.</summary>
    public static IServiceCollection AddProjects(this IServiceCollection services) => services.AddSingleton<ProjectService>();
}
