//! The host of an application.

use super::{Application, Caller, Hosted};
use crate::net::{Member, Service};
use crate::proto::opening::{Answer, Asked};
use crate::wire::http::Request;

/// Serves an [`Application`].
#[derive(Debug)]
pub struct Host<A> {
    application: A,
    page: Option<&'static str>,
}

impl<A: Application> Host<A> {
    /// Serves `application`.
    pub fn new(application: A) -> Self {
        Self { application, page: None }
    }

    /// With a page in HTML for who asks for `/` with a browser.
    #[must_use]
    pub fn page(mut self, html: &'static str) -> Self {
        self.page = Some(html);
        self
    }
}

impl<A: Application> Service for Host<A> {
    type Session = Hosted<A>;

    fn open(&self, _request: &Request, _asked: &Asked, member: Member) -> Result<Hosted<A>, Box<Answer>> {
        let caller = Caller { member };
        let visit = self.application.open(&caller);
        Ok(Hosted::new(caller, visit))
    }

    fn page(&self, _request: &Request, asked: &Asked) -> Option<Answer> {
        let path = asked.resource.split('?').next().unwrap_or_default();
        match path {
            "/" => self.page.map(|html| Answer::page(200, "text/html; charset=utf-8", html)),
            _ => None,
        }
    }
}
