//! Requests about environments, folders, tags and tokens.

use shared::model::text::SecretText;
use shared::wire::auth::{AccessTokenResponse, RevokeTokenRequest};
use shared::wire::environments::{
    CloneEnvironmentRequest, CloneEnvironmentResponse, CreateEnvironmentRequest, Environment,
    EnvironmentChangeResponse, UpdateEnvironmentRequest,
};
use shared::wire::folders::{Folder, FolderBody, FolderQuery, FolderResponse, FoldersResponse};
use shared::wire::service_tokens::{CreateServiceTokenRequest, CreatedServiceTokenResponse, ServiceToken};
use shared::wire::setup::{BootstrapResponse, SetupRequest};
use shared::wire::tags::{CreateTagRequest, Tag, TagResponse};

use super::{Client, Failure, Method, pairs};

impl Client {
    /// Makes an environment.
    pub async fn create_environment(
        &self,
        project: &str,
        body: &CreateEnvironmentRequest,
    ) -> Result<Environment, Failure> {
        let path = ["api", "v1", "workspace", project, "environments"];
        let answer: EnvironmentChangeResponse = self
            .write("create the environment", Method::POST, &path, body)
            .await?;
        Ok(answer.environment)
    }

    /// Gives an environment another name or slug.
    pub async fn update_environment(
        &self,
        project: &str,
        id: &str,
        body: &UpdateEnvironmentRequest,
    ) -> Result<Environment, Failure> {
        let path = ["api", "v1", "workspace", project, "environments", id];
        let answer: EnvironmentChangeResponse = self
            .write("rename the environment", Method::PATCH, &path, body)
            .await?;
        Ok(answer.environment)
    }

    /// Puts an environment and everything in it into the trash.
    pub async fn delete_environment(&self, project: &str, id: &str) -> Result<Environment, Failure> {
        let path = ["api", "v1", "workspace", project, "environments", id];
        let answer: EnvironmentChangeResponse = self
            .write(
                "delete the environment",
                Method::DELETE,
                &path,
                &serde_json::json!({}),
            )
            .await?;
        Ok(answer.environment)
    }

    /// Makes an environment with the folders, and if wanted the secrets, of another one.
    pub async fn clone_environment(
        &self,
        project: &str,
        id: &str,
        body: &CloneEnvironmentRequest,
    ) -> Result<CloneEnvironmentResponse, Failure> {
        let path = [
            "api",
            "strongroom",
            "v1",
            "projects",
            project,
            "environments",
            id,
            "clone",
        ];
        self.write("clone the environment", Method::POST, &path, body)
            .await
    }

    /// The folders in a folder.
    pub async fn folders(&self, query: &FolderQuery) -> Result<Vec<Folder>, Failure> {
        let answer: FoldersResponse = self
            .read("list the folders", &["api", "v1", "folders"], &pairs(query))
            .await?;
        Ok(answer.folders)
    }

    /// Makes a folder.
    pub async fn create_folder(&self, body: &FolderBody) -> Result<Folder, Failure> {
        let path = ["api", "v1", "folders"];
        let answer: FolderResponse = self.write("create the folder", Method::POST, &path, body).await?;
        Ok(answer.folder)
    }

    /// Puts a folder and everything in it into the trash.
    pub async fn delete_folder(&self, name: &str, body: &FolderBody) -> Result<Folder, Failure> {
        let path = ["api", "v1", "folders", name];
        let answer: FolderResponse = self
            .write("delete the folder", Method::DELETE, &path, body)
            .await?;
        Ok(answer.folder)
    }

    /// The tag with this slug, which is made when there is none.
    pub async fn tag(&self, project: &str, slug: &str) -> Result<Tag, Failure> {
        let doing = format!("find the tag {slug}");
        let path = ["api", "v1", "projects", project, "tags", "slug", slug];
        let found: Result<TagResponse, Failure> = self.read(&doing, &path, &[]).await;
        match found {
            Ok(answer) => Ok(answer.tag),
            Err(failure) if failure.status() == Some(404) => {
                let body = CreateTagRequest {
                    slug: slug.to_owned(),
                    color: String::new(),
                };
                let answer: TagResponse = self
                    .write(
                        &format!("create the tag {slug}"),
                        Method::POST,
                        &["api", "v1", "projects", project, "tags"],
                        &body,
                    )
                    .await?;
                Ok(answer.tag)
            }
            Err(failure) => Err(failure),
        }
    }

    /// What the service token that is shown may do.
    pub async fn service_token(&self) -> Result<ServiceToken, Failure> {
        self.read(
            "ask what the service token is for",
            &["api", "v2", "service-token"],
            &[],
        )
        .await
    }

    /// Makes a service token.
    pub async fn create_service_token(
        &self,
        body: &CreateServiceTokenRequest,
    ) -> Result<CreatedServiceTokenResponse, Failure> {
        let path = ["api", "v2", "service-token"];
        self.write("create the service token", Method::POST, &path, body)
            .await
    }

    /// A new token for a machine identity's old one.
    pub async fn renew(&self, access_token: SecretText) -> Result<AccessTokenResponse, Failure> {
        let path = ["api", "v1", "auth", "token", "renew"];
        let body = RevokeTokenRequest { access_token };
        self.write("renew the token", Method::POST, &path, &body).await
    }

    /// Sets up a server that nobody has set up.
    pub async fn bootstrap(&self, body: &SetupRequest) -> Result<BootstrapResponse, Failure> {
        let path = ["api", "v1", "admin", "bootstrap"];
        self.write("set the server up", Method::POST, &path, body).await
    }
}
