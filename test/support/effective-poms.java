import java.io.File;
import java.io.FileReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Model;
import org.apache.maven.model.Parent;
import org.apache.maven.model.Repository;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.FileModelSource;
import org.apache.maven.model.building.ModelBuildingException;
import org.apache.maven.model.building.ModelBuildingRequest;
import org.apache.maven.model.building.ModelSource;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.apache.maven.model.resolution.ModelResolver;
import org.apache.maven.model.resolution.UnresolvableModelException;

/** Prints the dependencies that Maven's own model builder gives each pom.xml of the arguments; `--` begins another tree. */
class EffectivePoms {
  public static void main(String[] arguments) throws Exception {
    List<String> tree = new ArrayList<>();
    for (String argument : arguments) {
      if (!argument.equals("--")) tree.add(argument);
      else {
        read(tree);
        tree.clear();
      }
    }
    read(tree);
  }

  static void read(List<String> paths) throws Exception {
    Map<String, File> tree = new HashMap<>();
    for (String path : paths) {
      try (FileReader reader = new FileReader(path)) {
        Model model = new MavenXpp3Reader().read(reader);
        Parent parent = model.getParent();
        String group = model.getGroupId() == null && parent != null ? parent.getGroupId() : model.getGroupId();
        String version = model.getVersion() == null && parent != null ? parent.getVersion() : model.getVersion();
        tree.putIfAbsent(group + ":" + model.getArtifactId() + ":" + version, new File(path));
      }
    }
    for (String path : paths) {
      System.out.println("pom " + path);
      ModelBuildingRequest request = new DefaultModelBuildingRequest();
      request.setPomFile(new File(path));
      request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
      request.setSystemProperties(new Properties());
      request.setModelResolver(new TreeResolver(tree));
      try {
        Model model = new DefaultModelBuilderFactory().newInstance().build(request).getEffectiveModel();
        for (Dependency dependency : model.getDependencies()) {
          String scope = dependency.getScope() == null ? "compile" : dependency.getScope();
          System.out.println(dependency.getGroupId() + ":" + dependency.getArtifactId() + ":" + dependency.getVersion() + " " + scope);
        }
      } catch (ModelBuildingException error) {
        System.out.println("refused " + error.getMessage().replaceAll("\\s+", " "));
      }
    }
  }

  record TreeResolver(Map<String, File> tree) implements ModelResolver {
    public ModelSource resolveModel(String group, String artifact, String version) throws UnresolvableModelException {
      File file = tree.get(group + ":" + artifact + ":" + version);
      if (file == null) throw new UnresolvableModelException("not in the tree", group, artifact, version);
      return new FileModelSource(file);
    }

    public ModelSource resolveModel(Parent parent) throws UnresolvableModelException {
      return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
    }

    public ModelSource resolveModel(Dependency bom) throws UnresolvableModelException {
      return resolveModel(bom.getGroupId(), bom.getArtifactId(), bom.getVersion());
    }

    public void addRepository(Repository repository) {}

    public void addRepository(Repository repository, boolean replace) {}

    public ModelResolver newCopy() {
      return this;
    }
  }
}
